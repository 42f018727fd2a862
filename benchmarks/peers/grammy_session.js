// grammY with its session in memory: `node grammy_session.js API_URL TOKEN`; NODE_PATH says where grammY lies.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Bot, session } = require("grammy");

const SAYS = JSON.parse(readFileSync(join(__dirname, "questions.json"), "utf8"));
const QUESTIONS = [
  { name: "role", fits: (text) => text === "患者" || text === "医生" },
  { name: "consent", fits: (text) => text === "同意" },
  { name: "phone", fits: (text) => /^1\d{10}$/.test(text) },
  { name: "name", fits: () => true },
  { name: "birthday", fits: () => false },
];

const [apiRoot, token] = process.argv.slice(2);
const bot = new Bot(token, { client: { apiRoot } });
bot.use(session({ initial: () => ({ at: null, data: {} }) }));

bot.command("register", async (ctx) => {
  ctx.session = { at: 0, data: {} };
  await ctx.reply(SAYS.role);
});

bot.command("cancel", async (ctx) => {
  ctx.session = { at: null, data: {} };
  await ctx.reply(SAYS.stopped);
});

bot.on("message:text", async (ctx) => {
  const question = QUESTIONS[ctx.session.at];
  if (!question || !question.fits(ctx.message.text)) {
    await ctx.reply(SAYS.again);
    return;
  }
  ctx.session.data[question.name] = ctx.message.text;
  ctx.session.at += 1;
  await ctx.reply(SAYS[QUESTIONS[ctx.session.at].name]);
});

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => bot.stop());
bot.start();
