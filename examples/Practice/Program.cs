using Cv.Compiler;
using Cv.Dsl;
using Cv.Examples.Cs231n;
using Cv.Practice;
using Cv.Runtime;

// the course's training practice on one small net: look before training, search, train, keep, go on elsewhere
bool quick = args.Contains("--quick");
var images = DataSets.ReadEmbedded().Train.Take(quick ? 600 : 6000);
var (train, validation) = images.Split(images.Count * 5 / 6);
var scaling = Scaling.MeanImage(train);
using var batches = new Batches(train, 100, scaling, seed: 1);
using var held = new Batches(validation, 500, scaling);

Model Net(int hidden) => Models.FullyConnected(train.SampleShape, [hidden], batchNorm: true);

// 1. what a model looks like from the inside
var net = Net(100);
Console.WriteLine(net.Summary(batch: 100));

// 2. the notes' checks before a long training
Console.WriteLine(
    Diagnose.Run(
        net,
        Verbs.SoftmaxCrossEntropy,
        batches,
        new()
        {
            Rate = 0.05,
            Metric = Metric.Accuracy,
            Penalty = w => 1e-4 * w.L2(),
            RangeSteps = quick ? 30 : 100,
        }
    )
);

// 3. a search for the rate and the width; trials that do poorly are given up, and a killed search goes on from its journal
TrainingProgram Compiled(Settings settings) =>
    Training.Compile(
        Net(settings.Integer("hidden")),
        Verbs.SoftmaxCrossEntropy,
        Optimiser.Momentum(settings["rate"]),
        metrics: [Metric.Accuracy]
    );

double Accuracy(Trial trial)
{
    var program = Compiled(trial.Settings);
    using var state = program.Initialise(trial.Seed);
    var trainer = new Trainer(program.Step, program.Evaluate, new() { Epochs = quick ? 1 : 3 });
    return trainer.Train(state, batches, held, trial, trial.Cancellation).Epochs[^1].Validation!.Metrics["accuracy"];
}

var folder = Directory.CreateTempSubdirectory("cvdsl-practice-").FullName;
var space = new SearchSpace(Setting.LogUniform("rate", 1e-3, 1), Setting.Integer("hidden", 16, 128));
var found = Search.Bayesian(
    space,
    trials: quick ? 3 : 10,
    Accuracy,
    initial: quick ? 2 : null,
    options: new()
    {
        Journal = Path.Combine(folder, "search.jsonl"),
        Stopping = StoppingRule.Median(),
        Metric = Metric.Accuracy,
    }
);
Console.WriteLine(found);

// 4. a training that is written down after each epoch: after a kill the same lines go on from there, to the same bits
var best = found.Best.Settings;
var chosen = Compiled(best);
using var weights = chosen.Initialise(seed: 1);
var written = new TrainingOptions { Epochs = quick ? 1 : 5, Checkpoint = new(Path.Combine(folder, "run.checkpoint")) };
new Trainer(chosen.Step, chosen.Evaluate, written).Train(weights, batches, held, new ConsoleProgress());

// 5. weights that other programs read too
string file = Path.Combine(folder, "net.safetensors");
weights.Save(file, chosen.Leaves);
using var read = ModelState.Load(file);
Console.WriteLine($"{file}: {read.Names.Length} tensors");
Directory.Delete(folder, recursive: true);
return 0;
