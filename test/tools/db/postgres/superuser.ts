import { Client, DatabaseError } from 'pg'
import type { DatabaseServer } from '../../../support/database-server.ts'

/** Connects as the superuser, who can see everything; waits for a server that takes connections but is still starting. */
export async function connectSuperuser({ port }: DatabaseServer): Promise<Client> {
  const login = { host: '127.0.0.1', port, user: 'postgres', password: 'postgres', database: 'postgres' }
  for (;;) {
    const client = new Client(login)
    try {
      await client.connect()
      return client
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== '57P03') throw error
    }
  }
}
