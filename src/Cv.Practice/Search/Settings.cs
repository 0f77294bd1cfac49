using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Holds a value for each hyper-parameter of a space. Equal by its values.</summary>
/// <example><code>double rate = settings["rate"]; int hidden = settings.Integer("hidden"); string gate = settings.Choice("gate");</code></example>
public sealed class Settings : IEquatable<Settings>
{
    readonly SearchSpace _space;

    internal Settings(SearchSpace space, ImmutableArray<double> values) => (_space, Values) = (space, values);

    /// <summary>Gives the numbers in the order of the space's settings; of a choice of words, the place of the word.</summary>
    public ImmutableArray<double> Values { get; }

    /// <summary>Gives a number.</summary>
    /// <exception cref="GraphException">The space has no such setting.</exception>
    public double this[string name] => Values[IndexOf(name)];

    /// <summary>Gives a whole number.</summary>
    /// <exception cref="GraphException">The space has no such setting, or its value is not whole.</exception>
    public int Integer(string name) =>
        this[name] is var value && value == (int)value
            ? (int)value
            : throw new GraphException($"search: \"{name}\" must be whole to be read so; got {value}. Make it a Setting.Integer?");

    /// <summary>Gives the word that was chosen; of a number, its text.</summary>
    /// <exception cref="GraphException">The space has no such setting.</exception>
    public string Choice(string name) => _space.Settings[IndexOf(name)].Text(this[name]);

    /// <summary>Tells whether both hold the same values.</summary>
    public bool Equals(Settings? other) => other is not null && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Settings);

    /// <inheritdoc/>
    public override int GetHashCode() => Values.Aggregate(17, HashCode.Combine);

    /// <summary>Prints each setting: rate 0.0123, hidden 64.</summary>
    public override string ToString() => string.Join(", ", _space.Settings.Zip(Values, (s, value) => $"{s.Name} {s.Text(value)}"));

    int IndexOf(string name)
    {
        for (int i = 0; i < _space.Settings.Length; i++)
            if (_space.Settings[i].Name == name)
                return i;
        throw new GraphException(
            $"search: a setting must be one of the space's; got \"{name}\". It has {ErrorText.List(_space.Settings.Select(s => s.Name))}."
        );
    }
}
