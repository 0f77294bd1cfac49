using System.Globalization;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Says where a graph is checked: the numbers of each leaf that has a name, in f64. Immutable.</summary>
/// <example><code>
/// var at = new Point(("x", [1, -2, 3]), ("w", [0.5, 0.25, 2]));
/// var other = at.With("x", [0, 0, 0]);
/// </code></example>
public sealed class Point
{
    readonly SortedDictionary<string, double[]> _values = new(StringComparer.Ordinal);

    /// <summary>Makes a point of names and numbers.</summary>
    public Point(params (string Name, double[] Values)[] values)
        : this(values.ToDictionary(v => v.Name, v => v.Values, StringComparer.Ordinal)) { }

    /// <summary>Makes a point of names and numbers, such as an F# map.</summary>
    public Point(IReadOnlyDictionary<string, double[]> values)
    {
        foreach (var (name, numbers) in values)
            _values[name] = numbers;
    }

    /// <summary>Lists the names, in alphabetical order.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Gives the numbers of one leaf.</summary>
    /// <exception cref="GraphException">The point has no such leaf.</exception>
    public double[] this[string name] =>
        _values.TryGetValue(name, out double[]? numbers)
            ? numbers
            : throw new GraphException(
                $"check: the point must hold a value for each leaf; got none for \"{name}\". Give one, or take Point.Random(seed, graph)."
            );

    /// <summary>Puts other numbers in the place of one leaf's.</summary>
    public Point With(string name, double[] values) =>
        new(new Dictionary<string, double[]>(_values, StringComparer.Ordinal) { [name] = values });

    /// <summary>Goes a way in a direction, which names the leaves it moves.</summary>
    public Point Moved(IReadOnlyDictionary<string, double[]> direction, double by)
    {
        var moved = new Dictionary<string, double[]>(_values, StringComparer.Ordinal);
        foreach (var (name, d) in direction)
            moved[name] = [.. this[name].Zip(d, (x, dx) => x + by * dx)];
        return new(moved);
    }

    /// <summary>
    /// Draws numbers for every leaf of the graphs. Floats have magnitudes from 1/4 to 2, either sign, and no two of them are near each other: clear of the kinks at
    /// 0 and at ties, and of overflow. Integers are 0, 1 or 2; truth values are either.
    /// </summary>
    /// <remarks>The same seed gives the same numbers.</remarks>
    public static Point Random(int seed, params Expr[] graphs)
    {
        var leaves = Leaves(graphs);
        var random = new Random(seed);
        var numbers = Spread(random, leaves.Sum(l => l.Shape.Size));
        var values = new Dictionary<string, double[]>(StringComparer.Ordinal);
        int next = 0;
        foreach (var leaf in leaves)
        {
            int size = leaf.Shape.Size;
            values[((Named)leaf.Op).Id] = [.. numbers.AsSpan(next, size).ToArray().Select(v => Fit(v, leaf.DType))];
            next += size;
        }
        return new(values);
    }

    const int Printed = 512; // numbers of a leaf in a text: more than any gate's point or random graph has, and far from a net's millions

    /// <summary>Prints names and numbers, each with the digits that give it back. Of a leaf with more than 512 numbers, the first 512 and how many more there are.</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            _values.Select(v =>
                $"{v.Key} = [{string.Join(", ", v.Value.Take(Printed).Select(Text))}{(v.Value.Length > Printed ? $", and {v.Value.Length - Printed} more" : "")}]"
            )
        );

    /// <summary>Prints C# that makes the point: var at = new Point(("x", [1.5]));</summary>
    internal string CSharp() =>
        $"var at = new Point({string.Join(", ", _values.Select(v => $"({Quoted(v.Key)}, {Numbers(v.Value, "[", ", ", "]", "double.NaN", "double.PositiveInfinity", "double.NegativeInfinity")})"))});";

    /// <summary>Prints F# that makes the point: let at = Point(Map [ "x", [| 1.5 |] ])</summary>
    internal string FSharp() =>
        $"let at = Point(Map [ {string.Join("; ", _values.Select(v => $"({Quoted(v.Key)}, {Numbers(v.Value, "[| ", "; ", " |]", "nan", "infinity", "-infinity")})"))} ])";

    static string Quoted(string name) =>
        $"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    static string Numbers(double[] values, string before, string between, string after, string nan, string infinity, string minus) =>
        before
        + string.Join(
            between,
            values.Select(v =>
                double.IsNaN(v) ? nan
                : double.IsInfinity(v) ? (v > 0 ? infinity : minus)
                : Text(v) is var text && text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0"
                : text
            )
        )
        + after;

    internal static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Lists the leaves that have a value by name; layers without a name get one.</summary>
    internal static List<Expr> Leaves(params Expr[] graphs)
    {
        var nodes = Expr.Nodes(graphs);
        NameTable.Close("check", nodes);
        return [.. nodes.Where(e => e.Op is Named)];
    }

    // far apart from each other, and from 0: one number in each cell of a grid over [1/4, 2], shuffled
    static double[] Spread(Random random, int count)
    {
        var all = new double[count];
        for (int i = 0; i < count; i++)
        {
            double magnitude = 0.25 + 1.75 * (i + 0.25 + 0.5 * random.NextDouble()) / count;
            all[i] = random.Next(2) == 0 ? magnitude : -magnitude;
        }
        random.Shuffle(all);
        return all;
    }

    static double Fit(double value, DType dtype) =>
        dtype switch
        {
            DType.I32 => (int)(Math.Abs(value) * 1000) % 3,
            DType.Bool => value > 0 ? 1 : 0,
            _ => value,
        };
}
