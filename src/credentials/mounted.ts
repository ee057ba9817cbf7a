import { isAbsolute, join } from 'node:path'
import { Refusal } from '../refusal.ts'
import { readSecretFile } from './file.ts'
import { credentialsDirectory } from './needs.ts'
import type { Places } from './places.ts'

/**
 * Reads a credential that systemd gives to the unit (systemd.exec(5), LoadCredential=). Its file may be readable by a
 * group: where systemd grants access with an access control list, that is what the mode looks like.
 *
 * @throws Refusal credential_unavailable
 */
export async function readSystemd(name: string, places: Places): Promise<string> {
  const folder = places.environment[credentialsDirectory]
  if (folder === undefined || !isAbsolute(folder)) {
    const reason = `$${credentialsDirectory} is not set; the unit needs a line such as LoadCredential=${name}:PATH`
    throw new Refusal('credential_unavailable', reason)
  }
  return readSecretFile(join(folder, name), places, { links: 'refuse', readers: 'group' })
}

/**
 * Reads a file of a secret that Kubernetes has mounted. There each file is a symbolic link, by which all of them are
 * exchanged at once, and readable by everybody in the container unless `defaultMode` says otherwise.
 *
 * @throws Refusal credential_unavailable
 */
export async function readKubernetes(path: string, places: Places): Promise<string> {
  return readSecretFile(path, places, { links: 'follow', readers: 'everyone' })
}
