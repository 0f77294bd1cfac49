using System.Diagnostics;
using Cv.Examples.Cs231n;
using Cv.Reporting;
using Cv.Runtime;

const int BadData = 1,
    BadUsage = 2,
    NotLearning = 3,
    Interrupted = 130;
const int QuickTrain = 640,
    QuickTest = 300;

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
    var finished = new List<Finished>();
    try
    {
        // before the work, so that a file that cannot be written is not found out after it
        if (settings.Json is { } file)
            Figures.Write(file, finished);
        using var desk = new Desk(settings, stop.Token);
        var sets = new Dictionary<string, TrainTest>();
        foreach (var lesson in settings.Lessons)
        {
            string set = settings.Folder is null ? DataSets.Embedded : lesson.Data;
            if (!sets.TryGetValue(set, out var images))
                sets[set] = images = settings.Folder is { } root ? DataSets.Read(set, root) : DataSets.ReadEmbedded();
            if (settings.Quick)
                images = new(images.Train.Take(QuickTrain), images.Test.Take(QuickTest));
            Console.WriteLine($"\n{lesson.Name}: {lesson.Title}; {images.Train}; {images.Test.Count} to test");
            var clock = Stopwatch.StartNew();
            var outcome = lesson.Run(lesson.InColour ? Colour.Of(images) : images, desk);
            var done = new Finished(lesson, set, outcome, clock.Elapsed);
            finished.Add(done);
            Console.WriteLine(Figures.Line(done));
            if (settings.Json is { } json)
                Figures.Write(json, finished);
            if (settings.Results is { } page && settings.Folder is not null && !settings.Quick)
                ResultsPage.Put(page, done, settings);
            if (settings.Quick && outcome.Loss is { } loss && !(loss.Last < loss.First))
            {
                Console.Error.WriteLine($"error: {lesson.Name}: the loss must fall; it went from {loss.First} to {loss.Last}.");
                return NotLearning;
            }
        }
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("interrupted");
        return Interrupted;
    }
    catch (Exception e)
        when (e
                is DataException
                    or TrainingException
                    or CheckpointException
                    or LivePageException
                    or IOException
                    or UnauthorizedAccessException
        )
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return BadData;
    }
    finally
    {
        if (finished.Count > 0)
            Figures.Print(finished, compared: settings.Folder is not null && !settings.Quick);
    }
    return 0;
}
