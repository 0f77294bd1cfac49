using System.Text.Json;
using System.Text.Json.Serialization;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>A trial as a journal writes it; null is not a number.</summary>
sealed record JournalLine(int Trial, double Budget, double[] Settings, double? Score, string Outcome, double?[] Reports, double Seconds)
{
    /// <summary>Writes a trial as a line.</summary>
    public static string Of(TrialResult trial) =>
        JsonSerializer.Serialize(
            new JournalLine(
                trial.Number,
                trial.Budget,
                [.. trial.Settings.Values],
                Known(trial.Score),
                trial.Outcome.ToString(),
                [.. trial.Reports.Select(Known)],
                trial.Elapsed.TotalSeconds
            ),
            JournalText.Default.JournalLine
        );

    /// <summary>Reads a line as a trial of a space.</summary>
    /// <exception cref="DataException">It is none; the message says why, but not where.</exception>
    public static TrialResult Read(string text, SearchSpace space)
    {
        JournalLine line;
        try
        {
            line = JsonSerializer.Deserialize(text, JournalText.Default.JournalLine) ?? throw new DataException("null");
        }
        catch (Exception ex) when (ex is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            throw new DataException($"{Excerpt.Of(text)} ({Excerpt.Of(ex.Message, 200)})", ex);
        }
        if (line.Fault(space) is { } fault)
            throw new DataException($"{Excerpt.Of(text)} ({fault})");
        return new(
            line.Trial,
            new(space, [.. line.Settings]),
            line.Budget,
            line.Score ?? double.NaN,
            OutcomeOf(line.Outcome)!.Value,
            [.. line.Reports.Select(r => r ?? double.NaN)],
            TimeSpan.FromSeconds(line.Seconds)
        );
    }

    /// <summary>Says what no trial of the space can be; null where all can.</summary>
    string? Fault(SearchSpace space)
    {
        if (Trial < 1)
            return $"trials count from 1: {Trial}";
        if (!double.IsFinite(Budget) || Budget <= 0)
            return $"a budget is a finite number above 0: {Budget}";
        if (Settings.Length != space.Settings.Length)
            return $"the space has {space.Settings.Length} settings: {Settings.Length}";
        for (int i = 0; i < Settings.Length; i++)
            if (!space.Settings[i].Holds(Settings[i]))
                return $"no value of {space.Settings[i]}: {Settings[i]}";
        if (OutcomeOf(Outcome) is not { } outcome)
            return $"an outcome is Completed, Stopped or Failed: {Excerpt.Of(Outcome)}";
        // a trial without a score failed, and one with a score did not
        if (outcome == TrialOutcome.Failed != Score is null)
            return Score is null ? "a trial that did not fail has a score" : "a trial that failed has no score";
        if (Score is { } score && !double.IsFinite(score))
            return "a score is a finite number";
        if (Reports.Any(r => r is { } report && !double.IsFinite(report)))
            return "a report is a finite number or null";
        return Seconds >= 0 && Seconds < TimeSpan.MaxValue.TotalSeconds ? null : $"seconds are a time: {Seconds}";
    }

    static TrialOutcome? OutcomeOf(string text)
    {
        foreach (var outcome in Enum.GetValues<TrialOutcome>())
            if (outcome.ToString() == text)
                return outcome;
        return null;
    }

    // JSON has no NaN
    static double? Known(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>Reads and writes the lines without reflection; nothing may be missing, twice, or unknown.</summary>
[JsonSourceGenerationOptions(
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
)]
[JsonSerializable(typeof(JournalLine))]
[JsonSerializable(typeof(string))]
sealed partial class JournalText : JsonSerializerContext;
