using System.CommandLine;
using System.Globalization;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Examples.Cs231n;
using Cv.Runtime;

const int BadData = 1,
    Interrupted = 130;
const int JudgedAtOnce = 500;

var epochs = new Option<int>("--epochs") { Description = "The passes over the training images.", DefaultValueFactory = _ => 8 };
var seed = new Option<ulong>("--seed")
{
    Description = "Chooses the first weights and the order of the images.",
    DefaultValueFactory = _ => 1,
};
var quick = new Option<bool>("--quick") { Description = "Only tries everything out: one epoch of 640 images." };
var command = new RootCommand("Trains a small convolutional net on 10,000 images of Fashion-MNIST.") { epochs, seed, quick };
command.SetAction(line => Run(line.GetValue(quick) ? 1 : line.GetValue(epochs), line.GetValue(seed), line.GetValue(quick)));
return command.Parse(args).Invoke();

// twice: filters, a ReLU gate, the largest of each 2 x 2 pixels (CS231n notes, "ConvNet Architectures")
static Model Net(Shape image, int classes) =>
    Model
        .Input(image.ToArray()) // [N,28,28,1]
        .Conv(16, 5, padding: 2)
        .Relu()
        .MaxPool(2) // [N,14,14,16]
        .Conv(32, 5, padding: 2)
        .Relu()
        .MaxPool(2) // [N,7,7,32]
        .Flatten()
        .Dense(classes);

static int Run(int epochs, ulong seed, bool quick)
{
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true;
        stop.Cancel();
    };
    try
    {
        var (train, test) = DataSets.ReadEmbedded();
        if (quick)
            (train, test) = (train.Take(640), test.Take(500));
        var scaling = Scaling.MeanImage(train);
        using var batches = new Batches(train, 64, scaling, seed);
        var net = Net(train.SampleShape, train.ClassNames.Length);
        var program = Training.Compile(
            net,
            Verbs.SoftmaxCrossEntropy,
            Optimiser.Adam(Schedule.Linear(2e-3, 0, (long)epochs * batches.Count)),
            penalty: w => 1e-4 * w.L2(),
            metrics: [Metric.Accuracy]
        );
        foreach (var parameter in net.Parameters)
            Console.WriteLine(parameter);
        Console.WriteLine($"{train}; {test.Count} to test. {Text(program.ParameterCount, "#,0")} parameters.\n");

        using var state = program.Initialise(seed);
        new Trainer(program.Step, program.Evaluate, new() { Epochs = epochs }).Train(
            state,
            batches,
            progress: new ConsoleProgress(),
            cancellation: stop.Token
        );

        double Accuracy(Dataset data)
        {
            using var all = new Batches(data, JudgedAtOnce, scaling);
            return Evaluation.Of(program.Evaluate, state, all, stop.Token).Metrics["accuracy"];
        }
        Console.WriteLine(
            $"\naccuracy: {Text(100 * Accuracy(train), "0.00")} % in training, {Text(100 * Accuracy(test), "0.00")} % on test images"
        );
        return 0;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("interrupted");
        return Interrupted;
    }
    catch (Exception e) when (e is DataException or TrainingException)
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return BadData;
    }
}

static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
