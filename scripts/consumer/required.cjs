// Every door of the package by `require`: the same modules that `import` gives, not a second copy.
const assert = require('node:assert/strict')
const { exports: doors } = require('rocketmq-rxjs/package.json')

const check = async () => {
  for (const door of Object.keys(doors)) {
    if (door === './package.json') continue
    const name = `rocketmq-rxjs${door.slice(1)}`
    const required = require(name)
    const imported = await import(name)
    assert(Object.keys(imported).length > 0, `${name} exports nothing`)
    for (const key of Object.keys(imported)) assert.equal(required[key], imported[key], `${key} of ${name}`)
  }
}

check().catch(error => {
  console.error(error)
  process.exitCode = 1
})
