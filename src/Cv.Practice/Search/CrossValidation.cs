using System.Collections.Immutable;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Holds the scores of a cross-validation, one a fold.</summary>
/// <param name="Scores">The score on each fold's validation set.</param>
public sealed record CrossValidated(ImmutableArray<double> Scores)
{
    /// <summary>Gives the mean of the scores.</summary>
    public double Mean => Scores.Average();

    /// <summary>Gives their standard deviation, with n - 1 below; 0 of a single one.</summary>
    public double Deviation => Scores.Length < 2 ? 0 : Math.Sqrt(Scores.Sum(s => (s - Mean) * (s - Mean)) / (Scores.Length - 1));

    /// <summary>Prints mean, deviation and folds: 0.281 ± 0.009 (5 folds).</summary>
    public override string ToString() => $"{Diagnose.Figure(Mean)} ± {Diagnose.Figure(Deviation)} ({Scores.Length} folds)";
}

public static partial class Search
{
    /// <summary>Scores on each of so many folds what was learnt from the others.</summary>
    /// <param name="examples">The training set; test images have no place here.</param>
    /// <param name="folds">How many parts it is cut into.</param>
    /// <param name="score">Learns from a fold's training part, and gives the score on its validation part.</param>
    /// <param name="trial">The trial this is for, if any: it hears the mean after each fold, and may be given up before the last.</param>
    /// <param name="seed">Deals the examples out at random; none leaves neighbours together.</param>
    /// <remarks>CS231n notes, "Cross-validation".</remarks>
    /// <example><code>
    /// var result = Search.Grid(space, 1, trial => Search.CrossValidate(train, 5, fold => Accuracy(fold, trial.Integer("k")), trial).Mean);
    /// </code></example>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 folds, or fewer examples than folds.</exception>
    public static CrossValidated CrossValidate<T>(
        T examples,
        int folds,
        Func<Fold<T>, double> score,
        Trial? trial = null,
        ulong? seed = null
    )
        where T : Examples
    {
        ArgumentNullException.ThrowIfNull(score);
        var scores = new List<double>();
        foreach (var fold in Folds.Of(examples, folds, seed))
        {
            scores.Add(score(fold));
            if (trial?.Report(scores.Average()) == false)
                break;
        }
        return new([.. scores]);
    }
}
