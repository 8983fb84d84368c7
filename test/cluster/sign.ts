import { createHmac } from 'node:crypto'

interface Keys {
  readonly accessKey: string
  readonly secretKey: string
}

const users = new Map<string, Keys>()

/** What prepares tests signs what it asks this server from now on. */
export const signAsksTo = (address: string, keys: Keys): void => {
  users.set(address, keys)
}

/** The same fields, with a signature where the server wants one. On purpose independent of `src/`. */
export const signedFields = (
  address: string,
  fields: Readonly<Record<string, string>>,
  body: string,
): Readonly<Record<string, string>> => {
  const keys = users.get(address)
  if (keys === undefined) return fields
  const all: Record<string, string> = { ...fields, AccessKey: keys.accessKey }
  const content = Object.keys(all)
    .sort()
    .map(name => all[name])
    .join('')
  return {
    ...all,
    Signature: createHmac('sha1', keys.secretKey)
      .update(content + body)
      .digest('base64'),
  }
}
