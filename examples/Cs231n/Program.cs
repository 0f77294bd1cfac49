using System.Diagnostics;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Examples.Cs231n;
using Cv.Runtime;

const int BadData = 1,
    BadUsage = 2,
    Interrupted = 130;
const int JudgedAtOnce = 1000;

var line = Settings.Command(Run).Parse(args);
foreach (var error in line.Errors)
    Console.Error.WriteLine($"error: {error.Message}");
return line.Errors.Count > 0 ? BadUsage : line.Invoke();

static int Run(Settings settings)
{
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true;
        stop.Cancel();
    };
    var reached = new List<Figures>();
    try
    {
        // before the work, so that a file that cannot be written is not found out after it
        if (settings.Json is { } file)
            Report.Write(file, reached);
        var (train, test) = DataSets.Read(settings.Data, settings.Folder);
        if (settings.Quick)
            (train, test) = (train.Take(Math.Min(1000, train.Count)), test.Take(Math.Min(500, test.Count)));
        Console.WriteLine(
            $"{train}; {test.Count} to test. Epochs {settings.Epochs}, batch {settings.Batch}, seed {settings.Seed}, threads {settings.Threads}."
        );
        foreach (var lesson in settings.Lessons)
        {
            Console.WriteLine($"\n{lesson.Name}");
            reached.Add(Train(lesson, settings, train, test, stop.Token));
            if (settings.Json is { } results)
                Report.Write(results, reached);
        }
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("interrupted");
        return Interrupted;
    }
    catch (Exception e) when (e is DataException or TrainingException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return BadData;
    }
    finally
    {
        if (reached.Count > 0)
            Report.Print(reached);
    }
    return 0;
}

static Figures Train(Lesson lesson, Settings settings, Dataset train, Dataset test, CancellationToken stop)
{
    var clock = Stopwatch.StartNew();
    var scaling = Scaling.MeanImage(train);
    using var batches = new Batches(train, settings.Batch, scaling, settings.Seed);
    var model = lesson.Model(train.SampleShape, train.ClassNames.Length);
    var program = Training.Compile(
        model,
        lesson.Loss,
        lesson.Optimiser(train.SampleSize, batches.Size, (long)settings.Epochs * batches.Count),
        penalty: w => lesson.Penalty * w.L2(),
        new() { Threads = settings.Threads }
    );
    using var state = program.Initialise(settings.Seed);
    var trainer = new Trainer(program.Step, program.Evaluate, new() { Epochs = settings.Epochs });
    var result = trainer.Train(state, batches, progress: new ConsoleProgress(), cancellation: stop);
    stop.ThrowIfCancellationRequested();
    double seconds = clock.Elapsed.TotalSeconds;

    double Accuracy(Dataset data)
    {
        using var all = new Batches(data, JudgedAtOnce, scaling);
        return Evaluation.Of(program.Evaluate, state, all, stop).Accuracy;
    }

    double[] epochs = [.. result.Epochs.Select(e => e.Elapsed.TotalSeconds).Order()];
    return new(lesson.Name, settings.Data, Accuracy(train), Accuracy(test), epochs[epochs.Length / 2], seconds, program.ParameterCount);
}
