using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Holds the k nearest training examples of each example, as <see cref="NearestNeighbours.Find"/> found them: for every smaller k as well.</summary>
public sealed class Neighbours
{
    readonly Examples _train;
    readonly Examples _examples;
    readonly int[] _places;
    readonly float[] _distances;

    internal Neighbours(Examples train, Examples examples, int k, int[] places, float[] distances) =>
        (_train, _examples, K, _places, _distances) = (train, examples, k, places, distances);

    /// <summary>Counts the neighbours of each example.</summary>
    public int K { get; }

    /// <summary>Counts the examples.</summary>
    public int Count => _examples.Count;

    /// <summary>Gives the places in the training set of an example's neighbours, nearest first.</summary>
    public ReadOnlySpan<int> Places(int example) => _places.AsSpan(example * K, K);

    /// <summary>Gives the distances of an example's neighbours, ascending.</summary>
    public ReadOnlySpan<float> Distances(int example) => _distances.AsSpan(example * K, K);

    /// <summary>Classifies each example as most of its k nearest are; of classes with as many, the smaller one (as CS231n's assignment 1 asks).</summary>
    /// <exception cref="ArgumentOutOfRangeException">k is less than 1, or more than were found.</exception>
    public int[] Predict(int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, K);
        var classes = new int[Count];
        var votes = new int[_train.ClassNames.Length];
        for (int i = 0; i < classes.Length; i++)
        {
            Array.Clear(votes);
            foreach (int place in Places(i)[..k])
                votes[_train.Labels[place]]++;
            classes[i] = Array.IndexOf(votes, votes.Max());
        }
        return classes;
    }

    /// <summary>Gives the fraction of examples that their k nearest classify rightly, 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">k is less than 1, or more than were found.</exception>
    public double Accuracy(int k)
    {
        var classes = Predict(k);
        int right = 0;
        for (int i = 0; i < classes.Length; i++)
            right += classes[i] == _examples.Labels[i] ? 1 : 0;
        return (double)right / classes.Length;
    }
}
