using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>
/// Tells what a layer is, apart from what it is called: the layer whose parameters, states and random numbers these are. A name that somebody chose is an identity: the same name is the
/// same thing. A layer written without a name has one that no other layer has, and is named later: when a model takes it up, or when a graph is made of it, by its kind
/// and the first number that is free there, in the order of the graph: dense1, dense2. A name is given once and never changes.
/// </summary>
/// <example><code>
/// public static Expr Scaled(this Expr x, string? name = null)   // each use is a layer of its own, unless it is given a name
/// {
///     var layer = Identity.New("scaled", name);
///     return x * Expr.Parameter(layer, "factor", [1, x.Shape[1]], Initialiser.Ones);
/// }
/// </code></example>
public abstract class Identity
{
    private protected Identity() { }

    /// <summary>Gives the name; null as long as neither a model nor a graph has given one.</summary>
    public abstract string? Name { get; }

    /// <summary>Gives the identity that a chosen name stands for.</summary>
    /// <exception cref="GraphException">The name is empty.</exception>
    public static Identity Of(string name) => new ChosenIdentity(Named.Check("identity", name));

    /// <summary>Gives a layer its identity: that of the name, or where there is none one that no other layer has.</summary>
    /// <param name="kind">What the layer is; its name will be the kind with a number.</param>
    /// <param name="name">The name that the layer's user chose, if any.</param>
    /// <remarks>Within the function of a <see cref="Layer{TInput, TOutput}"/>, each application gets the same ones again.</remarks>
    /// <exception cref="GraphException">The name or the kind is empty.</exception>
    public static Identity New(string kind, string? name = null) => name is null ? Layer.Take(Named.Check("identity", kind)) : Of(name);

    /// <summary>Gives the name, or before there is one the kind and a question mark.</summary>
    public override string ToString() => Name!;

    /// <summary>Gives identity and part as leaves keep them: a chosen name and its part are one chosen name.</summary>
    internal virtual (Identity Identity, string Part) At(string part) => (this, part);

    /// <summary>Notes the leaf that is a part of the layer, which must be the same each time the layer is applied.</summary>
    internal virtual void Claim(Named leaf) { }

    /// <summary>Gives the identity that this one has in a copy of its model under a name.</summary>
    internal virtual Identity In(string scope) => this;

    /// <summary>Gives the key of the stream of random numbers that is a part of this: the hash of the name.</summary>
    internal virtual uint KeyOf(string part) =>
        Name is { } name
            ? Draws.Key(name + part)
            : throw new GraphException(
                $"uniform: a stream has its numbers by its name; that of {this} has none yet. Make a graph or a model of it first: new Graph(...)?"
            );
}

/// <summary>Is what a chosen name stands for.</summary>
sealed class ChosenIdentity(string name) : Identity
{
    public override string Name => name;

    public override bool Equals(object? obj) => obj is ChosenIdentity other && string.Equals(name, other.Name, StringComparison.Ordinal);

    public override int GetHashCode() => name.GetHashCode(StringComparison.Ordinal);

    internal override (Identity, string) At(string part) => part.Length == 0 ? (this, part) : (new ChosenIdentity(name + part), "");
}

/// <summary>Is a layer, or a value that draws random numbers, that nobody named: equal to itself alone.</summary>
/// <param name="kind">What its name begins with.</param>
/// <param name="isShared">Tells that it is a value of its own, such as a mixup, and no part of a model: copies of a model share it.</param>
sealed class FreshIdentity(string kind, bool isShared = false) : Identity
{
    readonly Lock _gate = new();
    volatile string? _name;
    Dictionary<string, Named>? _leaves;

    public string Kind => kind;

    public override string? Name => _name;

    public override string ToString() => _name ?? kind + "?";

    /// <summary>Gives the name, once: <see cref="NameTable"/> does, one thread at a time.</summary>
    internal void Give(string name) => _name ??= name;

    internal override Identity In(string scope) => isShared ? this : new ScopedIdentity(scope, this);

    internal override void Claim(Named leaf)
    {
        lock (_gate)
        {
            _leaves ??= [];
            if (_leaves.TryAdd(leaf.Part, leaf) || _leaves[leaf.Part] is not { } first || first == leaf)
                return;
            throw first.Type != leaf.Type
                ? new ShapeException(
                    $"layer: a layer must be of the same types wherever it is applied; \"{first.Id}\" is {first.Type}, and here it would be {leaf.Type}. Give it inputs of one width and dtype, or make two layers."
                )
                : new GraphException(
                    $"layer: a layer must start the same way wherever it is applied; \"{first.Id}\" would have another first value here. Make the initialiser outside of the function."
                );
        }
    }
}

/// <summary>Is a layer of a model's copy under a name: equal for one layer and one name, so that the same copy made twice is one.</summary>
sealed class ScopedIdentity(string scope, Identity inner) : Identity
{
    public override string Name { get; } = $"{scope}/{inner.Name}";

    public override bool Equals(object? obj) =>
        obj is ScopedIdentity other && string.Equals(Name, other.Name, StringComparison.Ordinal) && inner.Equals(other.Inner);

    public override int GetHashCode() => HashCode.Combine(Name, inner);

    Identity Inner => inner;

    internal override Identity In(string outer) => new ScopedIdentity(outer, this);
}

/// <summary>Is what an optimiser or a schedule keeps: equal for one owner, which is one object, and one thing that it is kept for.</summary>
/// <param name="owner">The optimiser or schedule.</param>
/// <param name="of">What it is kept for: a parameter's layer.</param>
/// <param name="part">What stands behind that layer's name: ".w/velocity".</param>
/// <param name="fix">Says how to tell two owners apart.</param>
sealed class OwnedIdentity(object owner, Identity of, string part, string fix) : Identity
{
    public override string? Name => of.Name is { } name ? name + part : null;

    public Identity Kept => of;

    public string Fix => fix;

    public override string ToString() => of + part;

    public override bool Equals(object? obj) =>
        obj is OwnedIdentity other
        && ReferenceEquals(owner, other.Owner)
        && of.Equals(other.Kept)
        && string.Equals(part, other.Part, StringComparison.Ordinal);

    public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(owner), of, part);

    object Owner => owner;
    string Part => part;
}

/// <summary>Is a stream of random numbers that goes by its key.</summary>
sealed class NumberedStream(uint key) : Identity
{
    public override string Name { get; } = $"key {key:x8}";

    public override bool Equals(object? obj) => obj is NumberedStream other && other.KeyOf("") == key;

    public override int GetHashCode() => unchecked((int)key);

    internal override uint KeyOf(string part) => key;
}
