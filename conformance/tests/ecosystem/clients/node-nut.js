// What node-nut (npm) makes of a server: node-nut.js HOST PORT.
const Nut = require('node-nut');

const client = new Nut(Number(process.argv[3]), process.argv[2]);
const call = (name, ...given) =>
  new Promise((resolve) => {
    client[name](...given, (first, second) => resolve(second === undefined ? first : [first, second]));
  });

client.on('error', (error) => {
  console.log('error', error.message);
  process.exit(1);
});
client.on('ready', async () => {
  const [upses] = await call('GetUPSList');
  for (const name of Object.keys(upses).sort()) {
    console.log('ups', name + ':', upses[name]);
  }
  const [variables] = await call('GetUPSVars', 'office');
  console.log('status', variables['ups.status']);
  const [commands] = await call('GetUPSCommands', 'office');
  console.log('command', commands.includes('beeper.disable'));
  const [mutable] = await call('GetRWVars', 'office');
  console.log('mutable', 'ups.delay.shutdown' in mutable);
  const [, refusal] = await call('GetUPSVars', 'attic');
  console.log('refused', refusal);
  console.log('user', await call('SetUsername', 'admin'));
  console.log('password', await call('SetPassword', 'secret'));
  console.log('set', await call('SetRWVar', 'office', 'ups.delay.shutdown', '43'));
  console.log('run', await call('RunUPSCommand', 'office', 'beeper.disable'));
  client.close();
});
client.start();
