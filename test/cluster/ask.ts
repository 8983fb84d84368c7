import { connect } from 'node:net'
import { signedFields } from './sign.ts'

export interface Question {
  readonly ext?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
}

export interface Answer {
  readonly code: number
  readonly remark: string
  readonly ext: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * One request of the Remoting protocol on a connection of its own. On purpose independent of `src/`:
 * what prepares a test must not share the faults of what is tested.
 */
export function ask(address: string, code: number, question: Question = {}): Promise<Answer> {
  const { ext = {}, body = '', timeoutMs = 10_000 } = question
  const { host, port } = splitAddress(address)
  return new Promise((resolve, reject) => {
    const fields = signedFields(address, ext, body)
    const socket = connect(port, host, () => socket.write(frame(code, fields, body)))
    const fail = (why: string) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(`request ${code} to ${address}: ${why}`))
    }
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    let received = Buffer.alloc(0)
    socket.on('error', error => fail(error.message))
    socket.on('close', () => fail('connection closed'))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return
      try {
        resolve(readAnswer(received))
      } catch (error) {
        fail(String(error))
      }
      clearTimeout(timer)
      socket.destroy()
    })
  })
}

/** As {@link ask}, but an answer with another code than 0 is an error. */
export async function askOk(address: string, code: number, question: Question = {}): Promise<Answer> {
  const answer = await ask(address, code, question)
  if (answer.code !== 0) throw new Error(`request ${code} to ${address}: answer ${answer.code} ${answer.remark}`)
  return answer
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

function frame(code: number, ext: Readonly<Record<string, string>>, body: string): Buffer {
  const header = JSON.stringify({ code, language: 'OTHER', version: 399, opaque: 1, flag: 0, extFields: ext })
  const bytes = Buffer.from(`\0\0\0\0\0\0\0\0${header}${body}`)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE(Buffer.byteLength(header), 4)
  return bytes
}

function readAnswer(bytes: Buffer): Answer {
  // The top byte of the header length names the header's form, 0 for JSON.
  const headerEnd = 8 + (bytes.readInt32BE(4) & 0xff_ffff)
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as {
    code: number
    remark?: string
    extFields?: Record<string, string>
  }
  return {
    code: header.code,
    remark: header.remark ?? '',
    ext: header.extFields ?? {},
    body: bytes.subarray(headerEnd, 4 + bytes.readInt32BE(0)),
  }
}
