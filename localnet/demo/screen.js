// What a person sees while it runs: one line a mint with a bar, redrawn on a terminal; on anything
// else a line whenever something changed.
'use strict';

const STAGES = ['INITIATED', 'IPFS_UPLOADED', 'DATABASE_UPDATED', 'BLOCKCHAIN_SUBMITTED',
  'BLOCKCHAIN_CONFIRMED', 'VERIFIED', 'COMPLETED'];

class Screen {
  constructor(out) {
    this.out = out;
    this.tty = Boolean(out.isTTY) && !process.env.NO_COLOR;
    this.rows = [];
    this.news = [];
    this.drawn = 0;
    this.began = Date.now();
    this.last = '';
  }

  seconds() {
    return ((Date.now() - this.began) / 1000).toFixed(1).padStart(5);
  }

  say(text) {
    this.news.push(`${this.seconds()} s  ${text}`);
    if (!this.tty) this.out.write(`${this.news.at(-1)}\n`);
  }

  bar(progress) {
    const reached = STAGES.indexOf(progress === 'BLOCKCHAIN_DELAYED' ? 'BLOCKCHAIN_SUBMITTED' : progress) + 1;
    return '█'.repeat(reached * 2) + '░'.repeat((STAGES.length - reached) * 2);
  }

  colour(code, text) {
    return this.tty ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  draw(rows) {
    if (!this.tty) {
      const done = rows.filter((row) => row.progress === 'COMPLETED').length;
      const line = `${done} of ${rows.length} completed`;
      if (line !== this.last) this.out.write(`${this.seconds()} s  ${line}\n`);
      this.last = line;
      return;
    }
    const lines = rows.map((row) => {
      const code = row.progress === 'COMPLETED' ? 32 : /NEEDS|FAILED|ROLLED|UNCERTAIN/.test(row.progress) ? 31 : 36;
      return `  ${row.key.padEnd(9)} ${this.colour(code, this.bar(row.progress))} ${(row.progress ?? '').toLowerCase()}`;
    });
    const recent = this.news.slice(-6).map((line) => `  ${this.colour(33, line)}`);
    const text = [...lines, '', ...recent].map((line) => `\u001b[2K${line}`);
    if (this.drawn > 0) this.out.write(`\u001b[${this.drawn}A`);
    this.out.write(`${text.join('\n')}\u001b[0J\n`);
    this.drawn = text.length;
  }
}

// Columns as wide as their widest cell.
function table(header, rows) {
  const width = header.map((title, i) => Math.max(title.length, ...rows.map((row) => String(row[i]).length)));
  const line = (cells) => cells.map((cell, i) => String(cell).padEnd(width[i])).join('  ').trimEnd();
  return [line(header), width.map((n) => '─'.repeat(n)).join('  '), ...rows.map(line)].join('\n');
}

module.exports = { Screen, STAGES, table };
