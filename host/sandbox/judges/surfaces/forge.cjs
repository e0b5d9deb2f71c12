// Validates Forge apps as `forge lint` and `forge deploy` do, without the network: node forge.cjs FOLDER... Prints a line for each folder, and
// under it one for each thing that is wrong. One process for all of them, because the schema takes seconds to read.
const { ProcessorBuilder, ValidationTypes } = require('@forge/manifest');

async function validate(folder) {
  process.chdir(folder);
  console.log(`folder: ${folder}`);
  const { success, errors = [] } = await ProcessorBuilder.instance().withValidation(ValidationTypes.FULL).build().process();
  for (const e of errors) console.log(`${e.level}: manifest.yml:${e.line}: ${e.message}`);
  if (!success && !errors.length) console.log('error: refused without a word');
}

async function main(folders) {
  for (const folder of folders) await validate(folder);
}

main(process.argv.slice(2)).catch((e) => {
  console.error(e);
  process.exit(1);
});
