using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Killed;

/// <summary>Trains a small net, writing a checkpoint after every step, and prints each step: the tests kill it, and start it again.</summary>
public static class Program
{
    /// <summary>Trains with the checkpoint of this name.</summary>
    public static void Main(string[] args) => Train(args[0], new Printer());

    /// <summary>Trains as the program does.</summary>
    public static void Train(string checkpoint, IProgress<TrainingEvent>? progress)
    {
        var model = Model.Input(16, 16, 1).RandomFlip().Flatten().Dense(128).BatchNorm().Relu().Dropout(0.2).Dense(4);
        var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Adam(0.01), metrics: [Metric.Accuracy]);
        using var state = program.Initialise(seed: 1);
        var random = new RandomStream(1, "images");
        var images = new byte[30 * 256];
        for (int i = 0; i < images.Length; i++)
            images[i] = (byte)(256 * random.Uniform(i));
        byte[] labels = [.. Enumerable.Range(0, 30).Select(i => (byte)(i % 4))];
        var data = new Dataset("noise", [16, 16, 1], images, labels, ["a", "b", "c", "d"]);
        using var train = new Batches(data, 8, seed: 2);
        using var validation = new Batches(data.Take(10), 10);
        var options = new TrainingOptions
        {
            Epochs = 8,
            Patience = 8,
            Checkpoint = new(checkpoint, everyEpochs: 1, everySteps: 1),
        };
        new Trainer(program.Step, program.Evaluate, options).Train(state, train, validation, progress);
    }

    sealed class Printer : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value)
        {
            if (value is StepTaken step)
                Console.WriteLine(step.Step);
            if (value is TrainingStopped)
                Console.WriteLine("over");
        }
    }
}
