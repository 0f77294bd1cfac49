using System.Collections.Immutable;
using System.Globalization;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Names a hyper-parameter and says which values it may take. Each value has a place from 0 to 1, by which searches draw, refine and compare: evenly by the
/// logarithm, say, for what acts as a factor.
/// </summary>
/// <example><code>
/// var space = new SearchSpace(
///     Setting.LogUniform("rate", 1e-4, 1e-1),
///     Setting.Integer("hidden", 32, 256),
///     Setting.Choice("gate", "relu", "tanh"));
/// </code></example>
public abstract record Setting
{
    private protected Setting(string name)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw new GraphException("search: a setting must have a name; got none. Give it one: Setting.Uniform(\"dropout\", 0, 0.5)?");
        Name = name;
    }

    /// <summary>Gives the name that trials ask for.</summary>
    public string Name { get; }

    /// <summary>Takes values evenly by their logarithms: for learning rates and penalties, which act as factors.</summary>
    /// <remarks>CS231n notes, "Hyperparameter ranges".</remarks>
    /// <example><code>Setting.LogUniform("rate", 1e-4, 1e-1)</code></example>
    /// <exception cref="GraphException">The ends are not finite numbers above 0, the first the smaller.</exception>
    public static Setting LogUniform(string name, double low, double high) =>
        new RangeSetting(name, low, high, Logarithmic: true, Whole: false);

    /// <summary>Takes values evenly: for dropout and other parts of a whole.</summary>
    /// <example><code>Setting.Uniform("dropout", 0, 0.5)</code></example>
    /// <exception cref="GraphException">The ends are not finite numbers, the first the smaller.</exception>
    public static Setting Uniform(string name, double low, double high) =>
        new RangeSetting(name, low, high, Logarithmic: false, Whole: false);

    /// <summary>Takes whole numbers, both ends among them; evenly, or evenly by their logarithms.</summary>
    /// <example><code>Setting.Integer("hidden", 16, 1024, logarithmic: true)</code></example>
    /// <exception cref="GraphException">The first end is not the smaller, or a logarithm is asked of what is not above 0.</exception>
    public static Setting Integer(string name, int low, int high, bool logarithmic = false) =>
        new RangeSetting(name, low, high, logarithmic, Whole: true);

    /// <summary>Takes one of some words.</summary>
    /// <example><code>Setting.Choice("gate", "relu", "tanh")   // trial.Choice("gate")</code></example>
    /// <exception cref="GraphException">There are no words, or one is given twice.</exception>
    public static Setting Choice(string name, params string[] words) =>
        new ChoiceSetting(name, [.. words], [.. Enumerable.Range(0, words.Length).Select(i => (double)i)]);

    /// <summary>Takes one of some numbers.</summary>
    /// <example><code>Setting.Choice("k", 1, 3, 5, 8, 10)   // trial.Integer("k")</code></example>
    /// <exception cref="GraphException">There are no numbers, or one is given twice.</exception>
    public static Setting Choice(string name, params double[] numbers) =>
        new ChoiceSetting(name, [.. numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture))], [.. numbers]);

    /// <summary>Gives the value at a place, 0 to 1.</summary>
    internal abstract double At(double place);

    /// <summary>Tells whether a number is a value of the setting.</summary>
    internal abstract bool Holds(double value);

    /// <summary>Gives the place of a value.</summary>
    internal abstract double PlaceOf(double value);

    /// <summary>Gives so many values from end to end, or as many as there are.</summary>
    internal abstract IEnumerable<double> Grid(int count);

    /// <summary>Gives the part of the places, within those already left, that is worth another look after some values did well, the best first.</summary>
    internal abstract Setting Narrowed(ImmutableArray<double> best, double factor, Setting whole);

    /// <summary>Writes a value as coordinates that are near each other where values are alike.</summary>
    internal abstract IEnumerable<double> Coordinates(double value);

    /// <summary>Prints a value.</summary>
    internal abstract string Text(double value);
}
