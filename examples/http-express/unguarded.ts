/**
 * The same service with nothing in front of it: `node examples/http-express/unguarded.ts`. What `onceward contract` says
 * of the two is the difference that the guard makes.
 */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express from 'express'

const charges: string[] = []

const app = express()

app.get('/orders', (_request, response) => void response.json(charges))

app.post('/orders', express.json(), (request, response) => {
  const order = request.body as { readonly sku: string; readonly amount: number }
  charges.push(`${order.sku} ${order.amount}`)
  response
    .status(201)
    .location('/orders/1')
    .json({ id: randomUUID(), ...order })
})

const server = app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
})
