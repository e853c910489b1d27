/** Bare DuckDB, with the limits that the audit gives itself. */
export interface BareDuckdb {
  run(text: string): Promise<void>
  first(text: string): Promise<readonly unknown[]>
  close(): void
}

export const memory = '2GB'

interface Connection {
  run(text: string): Promise<unknown>
  runAndReadAll(text: string): Promise<{ getRows(): unknown[][] }>
  closeSync(): void
}

interface Module {
  readonly DuckDBInstance: {
    create(path: string, settings: object): Promise<{ connect(): Promise<Connection>; closeSync(): void }>
  }
}

export async function duckdb(directory: string): Promise<BareDuckdb> {
  // A development dependency of the repository itself.
  const name = '@duckdb/node-api'
  const { DuckDBInstance } = (await import(name)) as Module
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memory,
    temp_directory: `${directory}/spill`,
  })
  const connection = await instance.connect()
  return {
    run: async (text) => {
      await connection.run(text)
    },
    first: async (text) => (await connection.runAndReadAll(text)).getRows()[0] ?? [],
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
