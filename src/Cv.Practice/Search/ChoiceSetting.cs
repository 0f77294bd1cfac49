using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Takes one of some values, none of which is nearer to another.</summary>
sealed record ChoiceSetting : Setting
{
    public ChoiceSetting(string name, ImmutableArray<string> words, ImmutableArray<double> values)
        : base(name)
    {
        if (words.IsEmpty || words.Distinct().Count() < words.Length || values.Any(double.IsNaN))
            throw new GraphException(
                $"search: \"{name}\" must have values to choose from, each once; got {(words.IsEmpty ? "none" : ErrorText.List(words))}. Setting.Choice(\"gate\", \"relu\", \"tanh\"), say."
            );
        (Words, Values) = (words, values);
    }

    public ImmutableArray<string> Words { get; }
    public ImmutableArray<double> Values { get; }

    public string WordOf(double value) => Words[Values.IndexOf(value)];

    internal override double At(double place) => Values[Math.Min((int)(place * Values.Length), Values.Length - 1)];

    internal override bool Holds(double value) => Values.Contains(value);

    internal override double PlaceOf(double value) => (Values.IndexOf(value) + 0.5) / Values.Length;

    internal override IEnumerable<double> Grid(int count) => Values;

    internal override Setting Narrowed(ImmutableArray<double> best, double factor, Setting whole)
    {
        var kept = Enumerable.Range(0, Values.Length).Where(i => best.Contains(Values[i])).ToList();
        return new ChoiceSetting(Name, [.. kept.Select(i => Words[i])], [.. kept.Select(i => Values[i])]);
    }

    // one coordinate each: any two choices are 1 apart
    internal override IEnumerable<double> Coordinates(double value) => Values.Select(v => v == value ? Math.Sqrt(0.5) : 0);

    internal override string Text(double value) => WordOf(value);

    /// <summary>Prints the choices.</summary>
    public override string ToString() => $"{Name}: {string.Join(" | ", Words)}";
}
