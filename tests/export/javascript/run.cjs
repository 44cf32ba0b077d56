// TensorFlow.js itself, as a witness:
//   node run.cjs answer FOLDER SHAPE < float32 values    prints the answer of the model in FOLDER, as JSON
//   node run.cjs write FOLDER SHAPE NETWORK < float32 values    the same, once it has written the model that NETWORK builds
const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
const layers = require("@tensorflow/tfjs-layers");
const converter = require("@tensorflow/tfjs-converter");

// What tf.loadLayersModel and tf.loadGraphModel make of an address, made of files.
function fromFiles(folder) {
  return {
    load: async () => {
      const model = JSON.parse(fs.readFileSync(path.join(folder, "model.json")));
      const groups = model.weightsManifest;
      const shards = groups.flatMap((group) => group.paths.map((name) => fs.readFileSync(path.join(folder, name))));
      const data = Buffer.concat(shards);
      return {
        ...model,
        weightSpecs: groups.flatMap((group) => group.weights),
        weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength),
      };
    },
  };
}

// What tf.io's `downloads://` gives to the browser, in files.
function intoFiles(folder) {
  return {
    save: async ({ weightData, weightSpecs, ...model }) => {
      fs.writeFileSync(path.join(folder, "weights.bin"), Buffer.from(weightData));
      const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      fs.writeFileSync(path.join(folder, "model.json"), JSON.stringify({ ...model, weightsManifest }));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  };
}

function isGraph(folder) {
  return "node" in JSON.parse(fs.readFileSync(path.join(folder, "model.json"))).modelTopology;
}

async function main([command, folder, shape, network]) {
  const bytes = fs.readFileSync(0);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const input = tf.tensor(values, JSON.parse(shape));
  let model;
  if (command === "write") {
    model = require(path.join(__dirname, network))(layers);
    await model.save(intoFiles(folder));
  } else if (isGraph(folder)) {
    model = await converter.loadGraphModel(fromFiles(folder));
  } else {
    model = await layers.loadLayersModel(fromFiles(folder));
  }
  const answer = isGraph(folder) ? await model.executeAsync(input) : model.predict(input);
  console.log(JSON.stringify((Array.isArray(answer) ? answer : [answer]).map((tensor) => Array.from(tensor.dataSync()))));
}

console.warn = () => {};  // it advertises its other packages
main(process.argv.slice(2));
