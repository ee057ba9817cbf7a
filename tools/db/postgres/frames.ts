const errorCode = 0x45
const noticeCode = 0x4e
const headerBytes = 5

/**
 * Follows the frames of what a server sends. The library believes the lengths that it is told, and reads an error message
 * that does not end as it should forever.
 */
export class Frames {
  readonly #header = Buffer.alloc(headerBytes)
  #headerAt = 0
  /** Bytes of the message under way that are still to come. */
  #left = 0
  #last = 0
  #beforeLast = 0

  /** Whether a chunk goes on as the protocol says. */
  accepts(chunk: Buffer): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#left === 0) {
        this.#header[this.#headerAt++] = chunk[at++] as number
        if (this.#headerAt === headerBytes && !this.#begin()) return false
        continue
      }
      const end = Math.min(chunk.length, at + this.#left)
      this.#left -= end - at
      this.#beforeLast = end - at > 1 ? (chunk[end - 2] as number) : this.#last
      this.#last = chunk[end - 1] as number
      at = end
      if (this.#left === 0 && !this.#end()) return false
    }
    return true
  }

  #begin(): boolean {
    const length = this.#header.readUInt32BE(1)
    if (length < 4) return false
    this.#left = length - 4
    this.#headerAt = 0
    this.#last = 1
    this.#beforeLast = 1
    return this.#left > 0 || this.#end()
  }

  /** Fields are a letter and a text that ends in a zero; another zero ends them all. */
  #end(): boolean {
    const code = this.#header[0]
    return (code !== errorCode && code !== noticeCode) || (this.#last === 0 && this.#beforeLast === 0)
  }
}
