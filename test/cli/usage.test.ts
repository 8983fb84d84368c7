import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { killChildren, RMQ, ROOT, runChild } from './child.ts'

afterEach(killChildren)

const rmq = (...args: string[]) => runChild(RMQ, { args })

describe('rmq', () => {
  it('tells its commands and exit codes on stdout when asked for help', async () => {
    const { code, stdout, stderr } = await rmq('-h')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const text of ['broker', 'produce', 'consume', '2 usage']) expect(stdout).toContain(text)
  })

  it('tells the flags of a command when asked for its help', async () => {
    const { code, stdout } = await rmq('consume', '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(/-g, --group GROUP/)
  })

  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string }
    expect(await rmq('--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  it.each([
    ['no command', [], 'a command is missing'],
    ['an unknown command', ['prodcue'], 'unknown command "prodcue", did you mean produce?'],
    ['a word that is near no command', ['zzz'], 'unknown command "zzz" ('],
    ['a word that every object knows', ['constructor'], 'unknown command "constructor" ('],
    ['an unknown flag', ['broker', '--jsno'], 'unknown option --jsno, did you mean --json?'],
    ['a flag that is near none', ['broker', '--wrong-entirely'], 'unknown option --wrong-entirely ('],
    ['a short flag that nobody knows', ['broker', '-z'], 'unknown option -z ('],
    ['a word too many', ['broker', 'now'], "Unexpected argument 'now'"],
    ['a port that is no number', ['broker', '--broker-port', 'ten'], '--broker-port is "ten"'],
    ['a port that does not exist', ['broker', '--nameserver-port', '65536'], '--nameserver-port is "65536"'],
    ['--dir, which comes later', ['broker', '--dir', 'store'], '--dir is not supported yet'],
    ['a topic that is missing', ['produce', '-n', '127.0.0.1:9'], '-t TOPIC is missing'],
    ['a group that is missing', ['consume', '-n', '127.0.0.1:9', '-t', 'news'], '-g GROUP is missing'],
    ['name servers that are missing', ['produce', '-t', 'news'], 'give -n HOST:PORT or set ROCKETMQ_NAMESRV_ADDR'],
    ['an offset that is neither end', ['consume', '-t', 'a', '-g', 'b', '-o', 'middle'], '-o is "middle"'],
    ['an offset that is only nearly a time', ['consume', '-t', 'a', '-g', 'b', '-o', '2030'], '-o is "2030"'],
    ['a day that there is not', ['consume', '-t', 'a', '-g', 'b', '-o', '2030-02-31'], '-o is "2030-02-31"'],
    ['an hour that there is not', ['consume', '-t', 'a', '-g', 'b', '-o', '2030-01-31T25:00Z'], '-o is "2030-01-31T25'],
    ['more than a time', ['consume', '-t', 'a', '-g', 'b', '-o', '2030-01-31 (or so)'], '-o is "2030-01-31 (or so)"'],
    ['tags that are empty', ['consume', '-t', 'a', '-g', 'b', '--tags', ''], '--tags is empty'],
    ['SQL that is empty', ['consume', '-t', 'a', '-g', 'b', '--sql', ' '], '--sql is empty'],
    ['two filters', ['consume', '-t', 'a', '-g', 'b', '--tags', 'x', '--sql', 'y = 1'], '--tags and --sql exclude'],
    ['a count of nothing', ['consume', '-t', 'a', '-g', 'b', '-c', '0'], '-c is "0"'],
    ['an empty key delimiter', ['produce', '-t', 'a', '-K', ''], '-K is empty'],
    ['a value that is missing', ['produce', '-t'], 'argument missing'],
  ])('refuses %s with exit code 2 and one sentence on stderr', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await rmq(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(sentence)
    expect(stderr.trimEnd()).not.toContain('\n')
  })
})
