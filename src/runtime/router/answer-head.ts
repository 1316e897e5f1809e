import { STATUS_CODES } from 'node:http'

/** For how long a connection may idle; clients are told, so that they do not use one that goes. */
export const idleSecondsMax = 75

const keptLine = `keep-alive: timeout=${idleSecondsMax}\r\n`
/** HTTP/1.0 closes unless it hears otherwise. */
const keptOldLines = `connection: keep-alive\r\n${keptLine}`
const closedLine = 'connection: close\r\n'

const statusLines = new Map(
  Object.entries(STATUS_CODES).map(([code, words]) => [
    Number(code),
    `HTTP/1.1 ${code} ${words}\r\n`,
  ]),
)

/** What becomes of the connection after an answer. */
export type ConnectionFate = 'kept' | 'kept-old' | 'closed'

const fateLines = { kept: keptLine, 'kept-old': keptOldLines, closed: closedLine } as const

/**
 * The head of an answer, to its empty line. `lines` have an end each. A body of unknown length is
 * chunked, or ends with the connection.
 */
export function answerHead(
  { status, lines }: { readonly status: number; readonly lines: string },
  framing: number | 'chunked' | 'until-close',
  connection: { readonly fate: ConnectionFate; readonly dateLine: string },
): string {
  const statusLine = statusLines.get(status) ?? `HTTP/1.1 ${status} \r\n`
  const own = `${statusLine}${lines}${framingLine(status, framing)}`
  return `${own}${connection.dateLine}${fateLines[connection.fate]}\r\n`
}

function framingLine(status: number, framing: number | 'chunked' | 'until-close'): string {
  if (status === 204 || framing === 'until-close') return ''
  return framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : `content-length: ${framing}\r\n`
}
