using System.Text.Json.Serialization;

namespace Cv.Practice;

/// <summary>A trial as a journal writes it; null is not a number.</summary>
sealed record JournalLine(int Trial, double Budget, double[] Settings, double? Score, string Outcome, double?[] Reports, double Seconds);

/// <summary>Reads and writes the lines without reflection.</summary>
[JsonSerializable(typeof(JournalLine))]
[JsonSerializable(typeof(string))]
sealed partial class JournalText : JsonSerializerContext;
