// What the gateway is compared with: the same two libraries, and nothing between them but the streams. It looks at no
// header, refuses nothing, knows no time limit. node bare-process.ts UPSTREAM; prints its address.
import { createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { Pool } from 'undici'

const [upstream = ''] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 128, pipelining: 1 })
const server = createServer((request, response) => {
  const {
    connection: _c,
    'transfer-encoding': _t,
    'content-length': length,
    host: _h,
    ...headers
  } = request.headers
  const hasBody = length !== undefined && length !== '0'
  pool
    .request({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: hasBody ? { ...headers, 'content-length': length } : headers,
      body: hasBody ? request : null,
    })
    .then((answer) => {
      const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = answer.headers
      response.writeHead(answer.statusCode, rest)
      pipeline(answer.body, response, () => undefined)
    })
    .catch(() => response.writeHead(502).end())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
