/*
 * Tells the Returns Hub that something happened to an order. Copy this file to src/subscribers/ of the Medusa
 * application, set HUB_WEBHOOK_URL and HUB_WEBHOOK_SECRET (the account's webhook secret) and restart Medusa.
 *
 * Only ids are sent; the hub reads the records back. Signed as Standard Webhooks are. Medusa's own event bus calls a
 * subscriber once, so three tries are made here; what is lost all the same is found by the hub's polling.
 */
Object.defineProperty(exports, "__esModule", { value: true })
const crypto = require("crypto")

const WAITS = [1000, 5000]
/* Whose order is meant: the event's id is the id of one of these. */
const OWNERS = {
  payment: ["payment", "payment_collection.order.id"],
  shipment: ["fulfillment", "order.id"],
  delivery: ["fulfillment", "order.id"],
}
/* What hangs on an order and is read by its own id. */
const PARTS = { return: "return", exchange: "order_exchange", claim: "order_claim" }

async function one(query, entity, field, id) {
  const { data } = await query.graph({ entity, fields: ["id", field], filters: { id } })
  return field.split(".").reduce((value, name) => value && value[name], data[0])
}

async function objectsOf(query, orderId) {
  const { data } = await query.graph({
    entity: "order",
    fields: ["id", "payment_collections.payments.id"],
    filters: { id: orderId },
  })
  const found = [{ stream: "order", id: orderId }]
  for (const collection of (data[0] && data[0].payment_collections) || [])
    for (const payment of collection.payments || []) found.push({ stream: "payment", id: payment.id })
  for (const [stream, entity] of Object.entries(PARTS)) {
    const { data: rows } = await query.graph({ entity, fields: ["id"], filters: { order_id: orderId } })
    for (const row of rows) found.push({ stream, id: row.id })
  }
  return found
}

async function describe(container, name, data) {
  const owner = OWNERS[name.split(".")[0]]
  try {
    const query = container.resolve("query")
    const orderId = owner ? await one(query, owner[0], owner[1], data.id) : data.order_id || data.id
    return { order_id: orderId, objects: orderId ? await objectsOf(query, orderId) : [] }
  } catch (error) {
    console.error(`returns hub: ${name} is told with its own ids only: ${error.message}`)
    return { order_id: data.order_id || null, objects: [] }
  }
}

function signed(secret, id, body) {
  const timestamp = Math.floor(Date.now() / 1000).toString()
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  const signature = crypto.createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  }
}

exports.default = async function tellReturnsHub({ event, container }) {
  const url = process.env.HUB_WEBHOOK_URL
  const secret = process.env.HUB_WEBHOOK_SECRET
  if (!url || !secret) return
  const id = `msg_${crypto.randomUUID()}`
  const told = await describe(container, event.name, event.data)
  const body = JSON.stringify({ id, name: event.name, data: event.data, ...told, at: new Date().toISOString() })
  for (let tried = 0; ; tried++) {
    try {
      const headers = signed(secret, id, body)
      const answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(5000) })
      if (answer.ok) return
      throw new Error(`it answered ${answer.status}`)
    } catch (error) {
      if (tried >= WAITS.length) {
        console.error(`returns hub at ${url} did not take ${event.name}: ${error.message}; its polling will find it`)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, WAITS[tried]).unref())
    }
  }
}

exports.config = {
  event: [
    "order.placed",
    "order.updated",
    "order.canceled",
    "order.completed",
    "order.fulfillment_created",
    "order.fulfillment_canceled",
    "order.return_requested",
    "order.return_received",
    "order.claim_created",
    "order.exchange_created",
    "order-edit.confirmed",
    "payment.captured",
    "payment.refunded",
    "shipment.created",
    "delivery.created",
  ],
}
