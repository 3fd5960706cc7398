//! The bus as a client sees it, byte by byte: the client here shares no code with the server.

mod attach;
mod client;
mod malformed;
mod transfers;
