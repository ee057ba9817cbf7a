/** What the server says about one column of an answer. */
export interface FieldMetadata {
  readonly name: string
  /** A number of the protocol. */
  readonly columnType: number
  readonly flags: number
  readonly characterSet: number
  /** In bytes; of BIT in bits. */
  readonly columnLength: number
  /** Of MariaDB, such as `uuid`. */
  readonly extendedTypeName?: string
  /** Of MariaDB, such as `json`. */
  readonly extendedFormat?: string
}
