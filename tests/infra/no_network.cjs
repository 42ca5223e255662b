// Loaded into the Node process that CDK works in: it can connect to nothing.
const net = require('net');

net.Socket.prototype.connect = function (...address) {
  console.error('synthesis asks for a connection:', ...address);
  process.exit(1);
};
