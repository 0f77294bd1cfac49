using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Holds the hyper-parameters of a search.</summary>
/// <example><code>var space = new SearchSpace(Setting.LogUniform("rate", 1e-4, 1e-1), Setting.Choice("hidden", 50, 100, 200));</code></example>
public sealed class SearchSpace
{
    /// <summary>Makes a space of settings.</summary>
    /// <exception cref="GraphException">There are none, or two of one name.</exception>
    public SearchSpace(params Setting[] settings)
    {
        if (settings.Length == 0 || settings.Select(s => s.Name).Distinct().Count() < settings.Length)
            throw new GraphException(
                $"search: a space must have settings, each of another name; got {(settings.Length == 0 ? "none" : ErrorText.List(settings.Select(s => s.Name)))}. Rename one."
            );
        Settings = [.. settings];
    }

    /// <summary>Lists the settings, in their order.</summary>
    public ImmutableArray<Setting> Settings { get; }

    /// <summary>Prints each setting with its values.</summary>
    public override string ToString() => string.Join("; ", Settings);

    /// <summary>Gives the value of each setting at places from 0 to 1.</summary>
    internal Settings At(IEnumerable<double> places) => new(this, [.. Settings.Zip(places, (s, place) => s.At(place))]);

    /// <summary>Draws settings: the draw of a number is the same whenever it is made.</summary>
    internal Settings Draw(ulong seed, long number) => At(Settings.Select(s => new RandomStream(seed, $"search/{s.Name}").Uniform(number)));

    /// <summary>Writes settings as coordinates.</summary>
    internal double[] Coordinates(Settings settings) =>
        [.. Settings.Zip(settings.Values, (s, value) => s.Coordinates(value)).SelectMany(c => c)];
}
