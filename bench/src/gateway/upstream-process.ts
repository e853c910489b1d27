// The service behind every proxy: reads a body, answers a little JSON. Prints its address.
import { createServer } from 'node:http'

const body = JSON.stringify({ id: 'order-1', state: 'accepted' })
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
