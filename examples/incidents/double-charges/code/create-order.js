export async function createOrder(userId, cart) {
  const payment = await stripe.charges.create({ amount: cart.total, customer: userId })
  await db.orders.insert({ userId, items: cart.items, paymentId: payment.id })
  return payment
}
