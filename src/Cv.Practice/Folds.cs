using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Holds what one round of a cross-validation learns from, and what it is judged by.</summary>
/// <typeparam name="T">A <see cref="Dataset"/> or <see cref="Features"/>.</typeparam>
/// <param name="Train">The examples of all other folds, in the set's order.</param>
/// <param name="Validation">The examples of this fold, in the set's order.</param>
public sealed record Fold<T>(T Train, T Validation)
    where T : Examples;

/// <summary>Cuts a training set into folds for cross-validation (CS231n notes, "Validation sets for Hyperparameter tuning").</summary>
public static class Folds
{
    /// <summary>
    /// Cuts a set into <paramref name="count"/> parts of as equal size as can be, the larger ones first; each is the validation set once, and the others together what is
    /// learnt from. Without a seed the parts are neighbours in the set; with one, the examples are dealt out at random, always in the same way.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 folds, or fewer examples than folds.</exception>
    /// <example><code>
    /// double mean = Folds.Of(train, 5).Average(fold => new NearestNeighbours(fold.Train).Accuracy(fold.Validation, k: 7));
    /// </code></example>
    public static ImmutableArray<Fold<T>> Of<T>(T examples, int count, ulong? seed = null)
        where T : Examples
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        if (examples.Count < count)
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"folds: each must have an example; {examples.Name} has {examples.Count}. Cut it into fewer."
            );
        var part = new int[examples.Count];
        for (int fold = 0, at = 0; fold < count; fold++)
        for (int left = (examples.Count + count - 1 - fold) / count; left > 0; left--)
            part[at++] = fold;
        if (seed is { } s)
            new RandomStream(s, "folds").Shuffle<int>(part);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(fold => new Fold<T>(Where(examples, i => part[i] != fold), Where(examples, i => part[i] == fold))),
        ];
    }

    // a set picks from itself one of its own kind
    static T Where<T>(T examples, Func<int, bool> belongs)
        where T : Examples => (T)examples.Pick([.. Enumerable.Range(0, examples.Count).Where(belongs)]);
}
