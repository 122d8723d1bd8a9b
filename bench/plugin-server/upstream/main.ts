/** An upstream that costs next to nothing: whatever comes, it answers 200. */
import { createServer } from 'node:http';

const ANSWER = 'ok\n';
const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': ANSWER.length });
  response.end(ANSWER);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
