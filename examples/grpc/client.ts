/** Orders once, however often it is called: `node examples/grpc/client.ts ADDRESS KEY SKU [AMOUNT]`. */
import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js'
// In a package of yours: from 'onceward/grpc'.
import { grpcClientInterceptor, grpcOutcome, withoutChannelRetries } from '../../src/grpc/index.ts'
import { type Confirmation, type Order, Shop } from './shop.ts'

const [address = '', key = '', sku = '', amount = '1900'] = process.argv.slice(2)

const ShopClient = makeClientConstructor(Shop, 'shop.v1.Shop')
const client = new ShopClient(
  address,
  credentials.createInsecure(),
  withoutChannelRetries({
    // The key is given on the command line. In a client of yours: `({ message }) => ['order', message.id]`.
    interceptors: [grpcClientInterceptor({ key: () => ['order', key] })],
  }),
)

function order(request: Order): Promise<Confirmation> {
  return new Promise((resolve, reject) => {
    client['order']?.(request, (error: ServiceError | null, confirmation: Confirmation) =>
      error === null ? resolve(confirmation) : reject(error),
    )
  })
}

try {
  console.log(JSON.stringify(await order({ sku, amount: Number(amount) })))
} catch (error) {
  console.log(`${(error as ServiceError).message} (${grpcOutcome(error)})`)
  process.exitCode = 1
}
client.close()
