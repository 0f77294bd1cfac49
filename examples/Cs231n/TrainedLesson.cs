using System.Collections.Immutable;
using System.Globalization;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Practice;
using Cv.Reporting;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Is a lesson that trains a model: the model, its loss, and how it learns.</summary>
sealed record TrainedLesson(string Name, string Title, string Data, ImmutableArray<Published> Published)
    : Lesson(Name, Title, Data, Published)
{
    const int JudgedAtOnce = 500;

    /// <summary>Makes the model from the examples' shape and the number of classes.</summary>
    public required Func<Shape, int, Model> Model { get; init; }

    /// <summary>Gives the loss from scores and labels.</summary>
    public Func<Expr, Expr, Expr> Loss { get; init; } = Verbs.SoftmaxCrossEntropy;

    /// <summary>Gives the learning rate in the course of so many steps.</summary>
    public required Func<long, Schedule> Rate { get; init; }

    /// <summary>Makes the optimiser at that rate.</summary>
    public Func<Schedule, Optimiser> Optimiser { get; init; } = rate => Dsl.Optimiser.Adam(rate);

    /// <summary>Counts the passes over the training images.</summary>
    public int Epochs { get; init; } = 15;

    /// <summary>Counts the images in a mini-batch.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Weighs the L2 penalty of each layer's weights.</summary>
    public double Penalty { get; init; }

    /// <summary>Counts the training images that are held out; the last ones.</summary>
    public int HeldOut { get; init; }

    /// <summary>Fits on the training images what turns images into examples.</summary>
    public Func<Dataset, Desk, BatchMaker> Prepare { get; init; } = Preparing.AboutTheMeanImage;

    /// <summary>Gives the views of a test image whose probabilities are averaged; the image alone if there are none.</summary>
    public Func<Expr, ImmutableArray<Expr>>? Views { get; init; }

    /// <summary>Tells whether it takes images of 32 x 32 in colour alone.</summary>
    public bool Colour { get; init; }

    public override bool InColour => Colour;

    public override Outcome Run(TrainTest images, Desk desk)
    {
        var settings = desk.Settings;
        var (train, validation) = images.Train.Split(images.Train.Count - Math.Min(HeldOut, images.Train.Count / 10));
        var prepared = Prepare(train, desk);
        using var batches = prepared(train, settings.Batch ?? Batch, settings.Seed);
        int epochs = settings.Epochs ?? Epochs;
        var model = Model(batches.SampleShape, train.ClassNames.Length);
        var rate = Rate((long)epochs * batches.Count);
        Func<Expr, Expr>? penalty = Penalty == 0 ? null : w => Penalty * w.L2();
        var program = Training.Compile(model, Loss, Optimiser(rate), penalty, desk.Compile, metrics: [Metric.Accuracy]);
        using var state = program.Initialise(settings.Seed);
        var run = new RunRecorder($"{Name}: {Title}", new ConsoleProgress()) { LearningRate = rate.At };
        run.Note("data", $"{train}");
        run.Note("parameters", program.ParameterCount.ToString("#,0", CultureInfo.InvariantCulture));
        run.Note("seed", settings.Seed.ToString(CultureInfo.InvariantCulture));
        if (settings.Folder is not null)
            run.Note("published", string.Join(", ", Published));
        using var tested = prepared(images.Test, JudgedAtOnce, null);
        Section[] sections = [.. Sections(program, model, state, tested, images.Test)];
        desk.Watch(run, sections);
        var trainer = new Trainer(program.Step, program.Evaluate, new() { Epochs = epochs, Checkpoint = desk.Checkpoint(this) });
        using var held = validation.Count == 0 ? null : prepared(validation, JudgedAtOnce, null);
        var result = trainer.Train(state, batches, held, run, desk.Stop);
        desk.Stop.ThrowIfCancellationRequested();

        var judge = Views is null ? program.Evaluate : OverViews(model, desk.Compile);
        double Accuracy(Dataset data)
        {
            using var all = prepared(data, JudgedAtOnce, null);
            return Evaluation.Of(judge, state, all, desk.Stop).Metrics["accuracy"];
        }
        TimeSpan[] times = [.. result.Epochs.Select(e => e.Elapsed).Order()];
        var outcome = new Outcome
        {
            Validation = validation.Count == 0 ? null : Accuracy(validation),
            Test = Accuracy(images.Test),
            Train = result.Epochs[^1].Metrics["accuracy"],
            Loss = (result.Epochs[0].Loss, result.Epochs[^1].Loss),
            Epoch = times[times.Length / 2],
            Parameters = program.ParameterCount,
        };
        run.Note("ours", string.Join(", ", Published.Select(p => p.Word(outcome.On(p.On)))));
        // looking at the layers compiles the net once more, so a page that is live does without
        desk.Keep(this, run, [.. sections, new LayerHistograms(() => Diagnose.Layers(model, Loss, state, tested.Get(0, 0)))]);
        return outcome;
    }

    static IEnumerable<Section> Sections(TrainingProgram program, Model model, ModelState state, Batches tested, Dataset test)
    {
        yield return new ConfusionMatrix(program.Predict, state, tested);
        yield return new PredictedPictures(program.Predict, state, tested, test);
        var first = model.Weights[0];
        string name = ((Parameter)first.Op).Id;
        if (first.Shape.Rank == 4)
            yield return new Filters(state, name);
        else if (first.Shape[0].Value == test.SampleSize)
            yield return model.Weights.Length == 1
                ? new WeightTemplates(state, name, test.SampleShape, test.ClassNames)
                : new Filters(state, name, test.SampleShape);
        yield return new Histograms(state);
    }

    /// <summary>Compiles the loss and accuracy of the mean of the views' probabilities.</summary>
    CompiledFunction OverViews(Model model, CompileOptions options)
    {
        var labels = Expr.Input(Training.Labels, [model.Output.Shape[0]], DType.I32);
        var views = Views!(model.Source);
        var probabilities = views.Select(view => model.Apply(view).Softmax()).Aggregate((sum, p) => sum + p) / views.Length;
        var scores = (probabilities + 1e-12).Log();
        return Compile.Function(new Graph(scores.SoftmaxCrossEntropy(labels), scores.Accuracy(labels)), options, [Metric.Accuracy]);
    }
}
