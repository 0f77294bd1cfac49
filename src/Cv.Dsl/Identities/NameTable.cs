using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Knows what is called what in a model or a graph: names what has no name yet, and refuses two things of one name. Immutable: a longer model has a longer table.
/// </summary>
sealed class NameTable
{
    /// <summary>Naming is done by one thread at a time, so that no name is given twice.</summary>
    static readonly Lock Gate = new();

    /// <summary>Holds the first node of each name: of layers, leaves and streams, told apart by what stands before the name.</summary>
    readonly ImmutableDictionary<string, Expr> _known;

    /// <summary>Holds what no new name may be: names, and what names begin with.</summary>
    readonly ImmutableHashSet<string> _taken;

    NameTable(ImmutableDictionary<string, Expr> known, ImmutableHashSet<string> taken) => (_known, _taken) = (known, taken);

    public static NameTable Empty { get; } =
        new(ImmutableDictionary.Create<string, Expr>(StringComparer.Ordinal), ImmutableHashSet.Create<string>(StringComparer.Ordinal));

    /// <summary>Names whatever among these nodes has no name: its kind with the first free number, in the order of the nodes.</summary>
    /// <param name="subject">Who asks, for messages: "graph", "model".</param>
    /// <param name="nodes">The nodes, operands before users.</param>
    /// <exception cref="GraphException">Two layers, or an optimiser's states and another's, have one name.</exception>
    public static void Close(string subject, IEnumerable<Expr> nodes) => Empty.With(subject, nodes);

    /// <summary>Gives the table with these nodes in it, and names what has no name.</summary>
    /// <param name="subject">Who asks, for messages.</param>
    /// <param name="nodes">The nodes, operands before users.</param>
    /// <param name="scope">What new names begin with.</param>
    public NameTable With(string subject, IEnumerable<Expr> nodes, string scope = "")
    {
        var found = new List<Expr>();
        Collect(nodes, found);
        if (found.Count == 0)
            return this;
        lock (Gate)
        {
            var taken = _taken.ToBuilder();
            foreach (var (fresh, name) in Assign(found, taken, scope))
                fresh.Give(name);
            var known = _known.ToBuilder();
            foreach (var node in found)
                Add(subject, known, node);
            return new(known.ToImmutable(), taken.ToImmutable());
        }
    }

    /// <summary>Checks that these nodes may meet those of the table, as far as they have names. Names nothing.</summary>
    /// <exception cref="GraphException">Two things have one name.</exception>
    public void Meet(string subject, IEnumerable<Expr> nodes)
    {
        var found = new List<Expr>();
        Collect(nodes, found);
        var known = _known.ToBuilder();
        foreach (var node in found)
            if (Of(node.Op).Identity.Name is not null)
                Add(subject, known, node);
    }

    /// <summary>Gives the name that a layer has, or would get behind a node: for messages about a layer that is not made yet.</summary>
    public static string NameBehind(Expr x, Identity layer)
    {
        if (layer is not FreshIdentity { Name: null } fresh)
            return layer.Name!;
        var found = new List<Expr>();
        Collect(Expr.Nodes(x), found);
        var taken = Empty._taken.ToBuilder();
        Assign(found, taken, "");
        return Free(taken, fresh.Kind);
    }

    /// <summary>Takes up the names that there are, then finds one for each layer that has none.</summary>
    static List<(FreshIdentity Layer, string Name)> Assign(List<Expr> found, ImmutableHashSet<string>.Builder taken, string scope)
    {
        var nameless = new List<FreshIdentity>();
        foreach (var node in found)
        {
            var (identity, part) = Of(node.Op);
            if ((identity is OwnedIdentity owned ? owned.Kept : identity) is FreshIdentity { Name: null } fresh)
                nameless.Add(fresh);
            else if (identity is not NumberedStream)
                Take(taken, identity.Name + part);
        }
        var names = new List<(FreshIdentity, string)>();
        foreach (var fresh in nameless.Distinct())
            names.Add((fresh, Free(taken, scope + fresh.Kind)));
        return names;
    }

    static string Free(ImmutableHashSet<string>.Builder taken, string kind)
    {
        int number = 1;
        while (taken.Contains($"{kind}{number}"))
            number++;
        Take(taken, $"{kind}{number}");
        return $"{kind}{number}";
    }

    // "stem/conv1.w" takes "stem", "stem/conv1" and itself: a layer is known by what its leaves' names begin with
    static void Take(ImmutableHashSet<string>.Builder taken, string id)
    {
        for (int i = 1; i < id.Length; i++)
            if (id[i] is '.' or '/')
                taken.Add(id[..i]);
        taken.Add(id);
    }

    static void Add(string subject, ImmutableDictionary<string, Expr>.Builder known, Expr node)
    {
        var (identity, part) = Of(node.Op);
        if (identity is NumberedStream)
            return;
        bool isLayer = identity is FreshIdentity or ScopedIdentity;
        if (isLayer)
            Meet(subject, known, $"layer {identity.Name}", identity.Name!, node);
        Meet(subject, known, $"{(node.Op is Uniform ? "stream" : "leaf")} {identity.Name}{part}", identity.Name + part, node);
    }

    static void Meet(string subject, ImmutableDictionary<string, Expr>.Builder known, string entry, string name, Expr node)
    {
        if (!known.TryGetValue(entry, out var first))
        {
            known[entry] = node;
            return;
        }
        if (first == node)
            return;
        var (one, _) = Of(first.Op);
        var (other, _) = Of(node.Op);
        if (one.Equals(other))
            return; // of one thing: where it has two types, whoever needs it whole says so
        throw new GraphException(
            (one, other) switch
            {
                (OwnedIdentity owned, OwnedIdentity) =>
                    $"{subject}: a state must belong to one optimiser or schedule; \"{name}\" belongs to two, and each counts for itself. Name one: {owned.Fix}. Or use one value for both.",
                (OwnedIdentity, _) or (_, OwnedIdentity) =>
                    $"{subject}: a name must mean one thing; \"{name}\" is an optimiser's or schedule's, and something else. Rename that.",
                (ChosenIdentity, _) or (_, ChosenIdentity) =>
                    $"{subject}: a name must mean one thing; \"{name}\" was chosen for one, and is that of a layer without a chosen name too. Choose another, or give the layer a name: name: \"other\".",
                _ =>
                    $"{subject}: a name must mean one layer; \"{name}\" is two, which were named apart. Keep them apart by a name, of a layer, name: \"other\", or of a whole model, model.Named(\"critic\"). To share one, apply one model or one Layer.Of(...) twice.",
            },
            first,
            node
        );
    }

    /// <summary>Lists the nodes that have an identity, those inside of loops and checkpoints too.</summary>
    static void Collect(IEnumerable<Expr> nodes, List<Expr> found)
    {
        foreach (var node in nodes)
            if (node.Op is Closure closure)
                Collect(closure.Body.Nodes, found);
            else if (node.Op is Named and not Argument or Uniform)
                found.Add(node);
    }

    static (Identity Identity, string Part) Of(Op op) => op is Uniform u ? (u.Stream, u.Part) : (((Named)op).Identity, ((Named)op).Part);
}
