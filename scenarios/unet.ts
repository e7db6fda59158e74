/** A convolutional model trained from scratch. It needs gradients of convolution filters, which wasm lacks. */
import { adamW, defineScenario, RandomStream } from '../harness/index.ts';
import { createFineTune } from './image-model/fine-tune.ts';
import { randomly } from './image-model/model.ts';
import { BASE_UNET, UNET_KERNELS, unet } from './image-model/unet.ts';

export default defineScenario({
  about: 'A small U-Net with AdamW, trained from scratch',
  plan: { steps: 12, resumeAt: 6, onSoftwareGpu: { steps: 6, resumeAt: 3 } },
  lacks: ['hooks'],
  kernels: UNET_KERNELS,
  trainer: (context) =>
    createFineTune(context, {
      model: unet(BASE_UNET),
      initialise: randomly(RandomStream.fromSeed(context.seed)),
      update: adamW(),
      learningRate: 4e-3,
      warmupSteps: 2,
      batch: 4,
    }),
});
