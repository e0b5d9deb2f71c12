// Validates the Forge app in a folder as `forge lint` and `forge deploy` do, without the network: node forge.cjs FOLDER. Prints a line
// for each thing that is wrong.
const { ProcessorBuilder, ValidationTypes } = require('@forge/manifest');

async function main(folder) {
  process.chdir(folder);
  const { success, errors = [] } = await ProcessorBuilder.instance().withValidation(ValidationTypes.FULL).build().process();
  for (const e of errors) console.log(`${e.level}: manifest.yml:${e.line}: ${e.message}`);
  if (!success && !errors.length) console.log('error: refused without a word');
}

main(process.argv[2]).catch((e) => {
  console.error(e);
  process.exit(1);
});
