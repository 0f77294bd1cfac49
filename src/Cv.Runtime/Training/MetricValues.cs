using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Holds what a metric came to.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="Value">The value.</param>
/// <param name="IsFraction">Tells whether the value lies between 0 and 1, and is shown as per cent.</param>
public readonly record struct MetricValue(string Name, double Value, bool IsFraction = false)
{
    /// <summary>Prints name and value: "accuracy 84.90 %".</summary>
    public override string ToString() => $"{Name} {Text}";

    /// <summary>Gives the value as people read it, in the invariant culture.</summary>
    internal string Text =>
        IsFraction
            ? (100 * Value).ToString("0.00", CultureInfo.InvariantCulture).PadLeft(5) + " %"
            : Value.ToString("0.0000", CultureInfo.InvariantCulture);
}

/// <summary>Holds what the metrics of a program came to, in the program's order; empty where it has none. Equal by content.</summary>
/// <example><code>double accuracy = Evaluation.Of(program.Evaluate, state, test).Metrics["accuracy"];</code></example>
[CollectionBuilder(typeof(MetricValues), nameof(Create))]
[JsonConverter(typeof(MetricValuesJson))]
public sealed class MetricValues : IReadOnlyList<MetricValue>, IEquatable<MetricValues>
{
    readonly MetricValue[] _values;

    /// <summary>Collects values.</summary>
    public MetricValues(IEnumerable<MetricValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        _values = [.. values];
    }

    /// <summary>Holds no metric.</summary>
    public static MetricValues None { get; } = new([]);

    /// <summary>Makes the list, for collection expressions.</summary>
    public static MetricValues Create(ReadOnlySpan<MetricValue> values) => new(values.ToArray());

    /// <summary>Counts the metrics.</summary>
    public int Count => _values.Length;

    /// <summary>Gives a metric by its place.</summary>
    public MetricValue this[int index] => _values[index];

    /// <summary>Gives the value of a metric.</summary>
    /// <exception cref="ArgumentException">There is no metric of that name.</exception>
    public double this[string name] =>
        TryGet(name, out double value)
            ? value
            : throw new ArgumentException(
                $"metric: \"{name}\" must be one that was asked for; there {(Count == 0 ? "is none" : $"are {string.Join(", ", _values.Select(v => $"\"{v.Name}\""))}")}. Ask for it: Training.Compile(..., metrics: [Metric.Accuracy])?",
                nameof(name)
            );

    /// <summary>Gives the value of a metric.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public double this[Metric metric] => this[metric.Name];

    /// <summary>Gives the value of a metric, if it was asked for.</summary>
    public bool TryGet(string name, out double value)
    {
        foreach (var metric in _values)
            if (string.Equals(metric.Name, name, StringComparison.Ordinal))
            {
                value = metric.Value;
                return true;
            }
        value = double.NaN;
        return false;
    }

    /// <inheritdoc/>
    public IEnumerator<MetricValue> GetEnumerator() => ((IEnumerable<MetricValue>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(MetricValues? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MetricValues);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var value in _values)
            hash.Add(value);
        return hash.ToHashCode();
    }

    /// <summary>Prints each metric: "accuracy 84.90 %, top score 3.1400".</summary>
    public override string ToString() => string.Join(", ", _values);
}

/// <summary>Writes and reads metrics as a list of their values. A value may be NaN.</summary>
sealed class MetricValuesJson : JsonConverter<MetricValues>
{
    /// <inheritdoc/>
    public override MetricValues? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize(ref reader, MetricValueJson.Default.MetricValueArray) is { } values ? new(values) : null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, MetricValues value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, [.. value], MetricValueJson.Default.MetricValueArray);
}

[JsonSourceGenerationOptions(
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(MetricValue[]))]
sealed partial class MetricValueJson : JsonSerializerContext;
