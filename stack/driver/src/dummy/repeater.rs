//! A UPS that another server knows.

use std::time::Duration;

use async_trait::async_trait;
use outage_client::auth::{Access, Auth, AuthError};
use outage_client::{Client, Error, ErrorCode, Options, UpsAddress, Variable};
use outage_host::Host;

use super::conf_folder;
use super::core::copy::{Copy, Writable};
use crate::config::DriverConfig;
use crate::core::tree::Tree;
use crate::family::{DeviceError, Family, Outcome};

/// How long the other server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take until the other driver has done what was asked.
const RESULT: Duration = Duration::from_secs(10);
/// How often it is asked what can be written and run there, if nothing hints at a change.
const OFFER_AGE: Duration = Duration::from_secs(60);

/// The family.
pub(super) struct Repeater {
    host: Host,
    config: DriverConfig,
    address: UpsAddress,
    /// Without the other server, the driver does not start.
    strict: bool,
    /// Who to be there, and how to trust it; known once the device was opened.
    access: Option<Access>,
    client: Option<Client>,
    copy: Copy,
    /// When the other server is to be asked what it offers.
    offer_at: Duration,
}

impl Repeater {
    /// # Errors
    /// [`DeviceError::Config`]: the port names no UPS.
    pub(super) fn new(config: &DriverConfig, host: &Host) -> Result<Self, DeviceError> {
        let address = config.port.parse().map_err(|why| {
            DeviceError::Config(format!("port = {}: {why} (as in port = ups@host:3493)", config.port))
        })?;
        Ok(Self {
            host: host.clone(),
            config: config.clone(),
            address,
            strict: !config.options.flag("repeater_disable_strict_start"),
            access: None,
            client: None,
            copy: Copy::default(),
            offer_at: Duration::ZERO,
        })
    }

    /// What nutauth.conf, or the file of `authconf`, says of the other server.
    fn authorize(&mut self) -> Result<(), AuthError> {
        let choice = self.config.options.get("authconf").map(|choice| match choice {
            "none" | "default" => choice.to_owned(),
            path => conf_folder(&self.config, &self.host).join(path).display().to_string(),
        });
        let auth = Auth::load(&self.host, choice.as_deref())?;
        self.access = Some(auth.lookup(&self.host, None, &self.address.server)?);
        Ok(())
    }

    /// The connection; a new one if need be.
    async fn client(&mut self) -> Result<&mut Client, Error> {
        if self.client.is_none() {
            let mut options = Options::default().timeout(PATIENCE);
            if let Some(access) = &self.access {
                options = options.tls(access.tls.clone());
            }
            let mut client = Client::connect_with(&self.host, &self.address.server, &options).await?;
            if let Some(credentials) = self.access.as_ref().and_then(|access| access.credentials.as_ref()) {
                client.authenticate_as(credentials).await?;
                // One that cannot be asked what became of a request takes requests all the same.
                match client.set_tracking(true).await {
                    Err(why) if !why.is_refusal() => return Err(why),
                    _ => {}
                }
            }
            self.client = Some(client);
            self.offer_at = Duration::ZERO;
        }
        self.client.as_mut().ok_or(Error::Disconnected)
    }

    /// Takes over what the server tells now.
    async fn refresh(&mut self, tree: &mut Tree) -> Result<(), Error> {
        let ups = self.address.ups.clone();
        let told = self.client().await?.list_vars(&ups).await?;
        let told: Vec<_> = told.into_iter().map(|variable| (variable.name, variable.value)).collect();
        if told
            .iter()
            .any(|(name, value)| name == "ups.status" && value.split(' ').any(|word| word == "WAIT"))
        {
            // That server has not heard of its driver yet; it says so in a status of its own making.
            return Err(Error::Server(ErrorCode::DriverNotConnected));
        }
        let others = self.copy.variables(&told, tree);
        let now = self.host.now();
        if others || now >= self.offer_at {
            let client = self.client().await?;
            let (writable, commands) = offer(client, &ups).await?;
            self.copy.offer(writable, &commands, tree);
            self.offer_at = now + OFFER_AGE;
        }
        Ok(())
    }

    /// [`Repeater::refresh`], once more on a new connection if the old one broke: a server that was started anew costs
    /// no cycle.
    async fn update(&mut self, tree: &mut Tree) -> Result<(), Error> {
        let was_open = self.client.is_some();
        let mut result = self.refresh(tree).await;
        if was_open && matches!(&result, Err(Error::Disconnected | Error::Read(_) | Error::Write(_))) {
            self.client = None;
            result = self.refresh(tree).await;
        }
        if result.as_ref().is_err_and(|why| !why.is_refusal()) {
            self.client = None;
        }
        result
    }

    /// Hands a request on, and waits for what becomes of it.
    async fn hand_on(&mut self, what: &str, request: Handed<'_>) -> Outcome {
        let result = self.try_hand_on(request).await;
        match result {
            Ok(()) => Outcome::Handled,
            Err(why) => {
                let Self { address: UpsAddress { ups, server }, config, .. } = self;
                let help = match why.code() {
                    Some(ErrorCode::UsernameRequired | ErrorCode::PasswordRequired) => {
                        ": nutauth.conf has no user and password for this server (see authconf)"
                    }
                    Some(ErrorCode::AccessDenied) => {
                        ": its upsd.users does not grant this to the user of nutauth.conf"
                    }
                    _ => "",
                };
                self.host.warn(format_args!(
                    "[{}] {ups}@{}:{} refuses {what}: {why}{help}",
                    config.ups, server.host, server.port
                ));
                if !why.is_refusal() {
                    self.client = None;
                }
                outcome(&why)
            }
        }
    }

    async fn try_hand_on(&mut self, request: Handed<'_>) -> Result<(), Error> {
        let ups = self.address.ups.clone();
        let client = self.client().await?;
        let id = match request {
            Handed::Command { name, parameter } => client.instcmd(&ups, name, parameter).await?,
            Handed::Set { name, value } => client.set(&ups, name, value).await?,
        };
        match id {
            Some(id) => client.wait_tracked(&id, RESULT).await,
            None => Ok(()),
        }
    }
}

/// What is handed on to the other server.
#[derive(Clone, Copy)]
enum Handed<'a> {
    Command { name: &'a str, parameter: Option<&'a str> },
    Set { name: &'a str, value: &'a str },
}

/// What can be written and run there.
async fn offer(client: &mut Client, ups: &str) -> Result<(Vec<Writable>, Vec<String>), Error> {
    let mut writable = Vec::new();
    for Variable { name, .. } in client.list_rw(ups).await? {
        let kind = match client.var_type(ups, &name).await {
            Ok(kind) => kind,
            // It went in between.
            Err(why) if why.is_refusal() => continue,
            Err(why) => return Err(why),
        };
        let values = if kind.enumerated { client.list_enum(ups, &name).await? } else { Vec::new() };
        let ranges = if kind.ranged { client.list_ranges(ups, &name).await? } else { Vec::new() };
        let ranges = ranges.into_iter().map(|range| (range.min, range.max)).collect();
        let text = kind.string.map(|length| usize::try_from(length).unwrap_or(0));
        writable.push(Writable { name, text, values, ranges });
    }
    Ok((writable, client.list_commands(ups).await?))
}

fn outcome(why: &Error) -> Outcome {
    match why.code() {
        Some(
            ErrorCode::Unknown
            | ErrorCode::CmdNotSupported
            | ErrorCode::VarNotSupported
            | ErrorCode::ReadOnly
            | ErrorCode::UnknownCommand,
        ) => Outcome::Unknown,
        Some(ErrorCode::InvalidArgument | ErrorCode::InvalidValue | ErrorCode::TooLong) => Outcome::Invalid,
        _ => Outcome::Failed,
    }
}

#[async_trait]
impl Family for Repeater {
    async fn open(&mut self) -> Result<(), DeviceError> {
        if self.access.is_none() {
            self.authorize().map_err(|why| DeviceError::Config(format!("authconf: {why}")))?;
        }
        // Where there is a server it is asked for the UPS, so that a wrong name is seen at start.
        let mut nothing = Tree::default();
        let result = self.update(&mut nothing).await;
        self.copy = Copy::default();
        self.offer_at = Duration::ZERO;
        match result {
            Ok(()) => {
                self.strict = false;
                Ok(())
            }
            Err(why) if self.strict => Err(DeviceError::Config(format!(
                "failed to repeat {}: {why} (repeater_disable_strict_start in ups.conf waits for it)",
                self.config.port
            ))),
            Err(why) => Err(DeviceError::Failed(why.to_string())),
        }
    }

    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        tree.set("driver.parameter.mode", "repeater");
        Ok(())
    }

    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        self.update(tree).await.map_err(|why| match why.code() {
            Some(_) => DeviceError::Stale(why.to_string()),
            None => DeviceError::Failed(why.to_string()),
        })
    }

    async fn event(&mut self) -> Result<(), DeviceError> {
        std::future::pending().await
    }

    async fn command(&mut self, name: &str, parameter: Option<&str>, _: &mut Tree) -> Outcome {
        // It may feed other machines, too: its load is not turned off because somebody turns off "all" UPSes (-k).
        if name.eq_ignore_ascii_case("shutdown.default") {
            self.host.error(format_args!(
                "[{}] shutdown not supported: it is the business of the server that the UPS is at (sdcommands in \
                 ups.conf can name a command of it)",
                self.config.ups
            ));
            return Outcome::Failed;
        }
        self.hand_on(name, Handed::Command { name, parameter }).await
    }

    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome {
        let outcome = self.hand_on(variable, Handed::Set { name: variable, value }).await;
        if outcome == Outcome::Handled {
            // Clients see it at once; if not, at the next cycle.
            let _ = self.update(tree).await;
        }
        outcome
    }

    async fn close(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = self.host.timeout(Duration::from_secs(1), client.logout()).await;
        }
    }
}
