namespace Cv.Examples.Cs231n;

/// <summary>Holds what one lesson reached.</summary>
sealed record Outcome
{
    /// <summary>Gives the fraction of held-out training images classified rightly, 0 to 1; null where none were held out.</summary>
    public double? Validation { get; init; }

    /// <summary>Gives the fraction of the test images classified rightly, 0 to 1.</summary>
    public required double Test { get; init; }

    /// <summary>Gives the fraction of the training images classified rightly in the last epoch, as it came; null where nothing is trained.</summary>
    public double? Train { get; init; }

    /// <summary>Gives the mean loss of the first epoch and of the last; null where nothing is trained.</summary>
    public (double First, double Last)? Loss { get; init; }

    /// <summary>Gives the median time of an epoch.</summary>
    public TimeSpan? Epoch { get; init; }

    /// <summary>Counts the trained numbers.</summary>
    public int Parameters { get; init; }

    /// <summary>Gives the accuracy on the images that a published figure was taken on.</summary>
    public double On(Judged images) => images == Judged.Validation && Validation is { } held ? held : Test;
}

/// <summary>Holds a finished lesson: what it reached, and how long it took.</summary>
/// <param name="Lesson">The lesson.</param>
/// <param name="Data">The images it ran on.</param>
/// <param name="Outcome">What it reached.</param>
/// <param name="Elapsed">The time of all of it: compiling, training and judging; not reading the files.</param>
sealed record Finished(Lesson Lesson, string Data, Outcome Outcome, TimeSpan Elapsed)
{
    /// <summary>Tells whether every published figure was reached.</summary>
    public bool Reached => Lesson.Published.All(p => p.ReachedBy(Outcome.On(p.On)));

    /// <summary>Words what was reached beside the published figures: "39.80 % val, 39.71 % test".</summary>
    public string Ours => string.Join(", ", Lesson.Published.Select(p => p.Word(Outcome.On(p.On))));

    /// <summary>Words the published figures.</summary>
    public string Theirs => string.Join(", ", Lesson.Published);
}
