// The real server of the peer tests. Everything that changes from run to run comes from the environment.
const { defineConfig } = require("@medusajs/framework/utils")

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: {
      storeCors: "http://127.0.0.1",
      adminCors: "http://127.0.0.1",
      authCors: "http://127.0.0.1",
      jwtSecret: "simulated-jwt-secret",
      cookieSecret: "simulated-cookie-secret",
    },
  },
  admin: { disable: true },
})
