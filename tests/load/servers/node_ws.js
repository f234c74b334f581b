// A room on node's ws, without compression, which is its default. Prints its port. NODE_PATH says where ws is.
const { WebSocketServer, WebSocket } = require("ws");

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });

server.on("listening", () => console.log(server.address().port));
server.on("connection", (connection, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members);
  members.add(connection);
  connection.on("close", () => members.delete(connection));
  connection.on("error", () => {});
  connection.on("message", (data) => {
    for (const member of members) if (member.readyState === WebSocket.OPEN) member.send(data, { binary: false });
  });
  connection.send("joined");
});
