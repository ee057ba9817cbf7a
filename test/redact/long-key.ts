import { generateKeyPairSync } from 'node:crypto'
import { formsOf } from '../support/forms.ts'
import { label, redactorOf } from './samples.ts'

/* Finds a long key in its most laborious forms; run by a test in a process that has little memory. */
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
const redactor = redactorOf(pem, 'ghs_0123456789abcdefghijklmnopqrstuvwxyz')
const forms = formsOf(pem.trim())
for (const name of ['url all, twice', 'html hex', 'html decimal']) {
  if (redactor.text(`<${forms[name]}>`) !== `<${label}>`) throw new Error(`${name} is not found`)
}
