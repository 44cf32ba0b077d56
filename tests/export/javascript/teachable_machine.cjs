// A small one of what Teachable Machine makes: a network of features, and a head of two dense layers behind it.
module.exports = ({ layers: l, initializers: i, sequential, model, input }) => {
  let seed = 11;
  const random = (stddev) => i.randomNormal({ stddev, seed: seed++ });
  const spread = () => i.randomUniform({ minval: 0.4, maxval: 1, seed: seed++ });
  const image = input({ shape: [32, 32, 3], name: "input_1" });
  const convolved = l.conv2d({ filters: 8, kernelSize: 3, strides: 2, useBias: false, kernelInitializer: random(0.3), name: "Conv1" }).apply(image);
  const normal = l.batchNormalization({ movingMeanInitializer: random(0.1), movingVarianceInitializer: spread(), name: "bn_Conv1" }).apply(convolved);
  const cut = l.reLU({ maxValue: 6, name: "Conv1_relu" }).apply(normal);
  const deep = l.depthwiseConv2d({ kernelSize: 3, padding: "same", useBias: false, depthwiseInitializer: random(0.3), name: "expanded_conv_depthwise" }).apply(cut);
  const joined = l.add({ name: "block_2_add" }).apply([cut, deep]);
  const features = sequential({ name: "sequential_1" });
  features.add(model({ inputs: image, outputs: joined, name: "model1" }));
  features.add(l.globalAveragePooling2d({ name: "global_average_pooling2d_GlobalAveragePooling2D1" }));
  const head = sequential({ name: "sequential_3" });
  head.add(l.dense({ inputShape: [8], units: 10, activation: "relu", kernelInitializer: random(1), name: "dense_Dense1" }));
  head.add(l.dense({ units: 2, activation: "softmax", useBias: false, kernelInitializer: random(1), name: "dense_Dense2" }));
  const whole = sequential({ name: "sequential_4" });
  whole.add(features);
  whole.add(head);
  return whole;
};
