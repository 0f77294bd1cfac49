using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>Holds what a classifier said of each example of a set, beside what is right.</summary>
/// <param name="Predicted">The class that was said, for each example.</param>
/// <param name="Labels">The right class of each.</param>
/// <param name="Confidence">How sure the classifier was: the softmax of its scores at the class it said, 0 to 1.</param>
/// <param name="ClassNames">The classes' names, in order.</param>
/// <example><code>var said = Predictions.Of(program.Predict, state, new Batches(test, 500));</code></example>
public sealed record Predictions(
    ImmutableArray<int> Predicted,
    ImmutableArray<int> Labels,
    ImmutableArray<double> Confidence,
    ImmutableArray<string> ClassNames
)
{
    /// <summary>Counts the examples.</summary>
    public int Count => Predicted.Length;

    /// <summary>Gives the fraction that was classified rightly, 0 to 1.</summary>
    public double Accuracy => Count == 0 ? 0 : (double)Predicted.Zip(Labels).Count(p => p.First == p.Second) / Count;

    /// <summary>
    /// Runs a function from a model's input to its scores [N, classes], such as <c>program.Predict</c>, over every batch, in their order. Ties go to
    /// the class that comes first.
    /// </summary>
    /// <exception cref="BindingException">The batches do not fit the function.</exception>
    /// <exception cref="ArgumentException">The function has not one output [N, classes] of f32 or f64.</exception>
    public static Predictions Of(IFunction predict, ModelState state, Batches data)
    {
        ArgumentNullException.ThrowIfNull(predict);
        ArgumentNullException.ThrowIfNull(data);
        var predicted = ImmutableArray.CreateBuilder<int>(data.Data.Count);
        var labels = ImmutableArray.CreateBuilder<int>(data.Data.Count);
        var confidence = ImmutableArray.CreateBuilder<double>(data.Data.Count);
        string input = predict.Inputs is [var only] ? only.Id : "x";
        foreach (var batch in data.Epoch(0))
        {
            var outputs = predict.Call(state, new Binding(input, batch.X));
            if (outputs is not [{ Shape.Rank: 2 } scores] || scores.Shape[0].Value != batch.Count)
                throw new ArgumentException(
                    $"predictions: the function must give scores [N, classes]; got {ErrorText.List(outputs.Select(o => o.Type))} for {batch.Count} examples. Give program.Predict.",
                    nameof(predict)
                );
            double[] values = scores.ToDoubles();
            scores.Dispose();
            int classes = scores.Shape[1].Value;
            for (int i = 0; i < batch.Count; i++)
            {
                var row = values.AsSpan(i * classes, classes);
                var (best, share) = Best(row);
                predicted.Add(best);
                confidence.Add(share);
                labels.Add(batch.Labels.AsSpan<int>()[i]);
            }
        }
        return new(predicted.ToImmutable(), labels.ToImmutable(), confidence.ToImmutable(), data.Data.ClassNames);
    }

    /// <summary>Names a class, or writes its number where it has no name.</summary>
    internal string NameOf(int label) => label >= 0 && label < ClassNames.Length ? ClassNames[label] : $"class {label}";

    static (int Class, double Share) Best(ReadOnlySpan<double> scores)
    {
        int best = 0;
        for (int c = 1; c < scores.Length; c++)
            if (scores[c] > scores[best])
                best = c;
        double sum = 0;
        foreach (double score in scores)
            sum += Math.Exp(score - scores[best]);
        return (best, 1 / sum);
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Predictions), PrintMembers);
}
