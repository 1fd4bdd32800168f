/** GraphiQL itself: shown in <main>, told of a new connection, and able to open an example in a new tab. */

const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = window;
const { createElement, useEffect, useState } = React;

// The name under which GraphiQL's dialogs look for the nonce that lets them add a style element.
window.__webpack_nonce__ = document.documentElement.dataset.styleNonce;

// GraphiQL would load any picture whose address is in an answer; this page asks no other host for anything.
GraphiQL.React.ImagePreview.shouldRender = () => false;

// Made once: a new plugin object would close the panel that is open.
const PLUGINS = [{ ...GraphiQLPluginExplorer.explorerPlugin(), title: "Query builder" }];

/**
 * @param {HTMLElement} place
 * @param {string} firstQuery what a first visit shows
 * @returns {{connect: (fetcher: Function) => void, openExample: (example: object) => void}}
 */
export function showExplorer(place, firstQuery, fetcher) {
  const root = ReactDOM.createRoot(place);
  const opener = { open: () => {} };
  const connect = (nextFetcher) => root.render(explorerElement(nextFetcher, firstQuery, opener));
  connect(fetcher);
  return { connect, openExample: (example) => opener.open(example) };
}

function explorerElement(fetcher, firstQuery, opener) {
  return createElement(
    GraphiQL,
    {
      fetcher,
      plugins: PLUGINS,
      // The first visit only: later tabs start empty, and GraphiQL remembers what was left open.
      defaultTabs: [{ query: firstQuery }],
      defaultQuery: "",
      defaultEditorToolsVisibility: "variables",
      inputValueDeprecation: true,
      schemaDescription: true,
      // The headers editor may hold a token: never write it to localStorage.
      shouldPersistHeaders: false,
    },
    createElement(GraphiQL.Logo, null, " "),
    createElement(TabOpener, { opener }),
  );
}

/** Draws nothing. As a child of GraphiQL it may use its contexts, and so open tabs for the bar outside. */
function TabOpener({ opener }) {
  const { addTab, queryEditor, variableEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
  const [waiting, setWaiting] = useState(null);
  useEffect(() => {
    opener.open = (example) => {
      addTab();
      setWaiting(example);
    };
  });
  useEffect(() => {
    // By now the new tab is the active one, so its editors take the example.
    if (!waiting || !queryEditor || !variableEditor) return;
    queryEditor.setValue(waiting.operation);
    variableEditor.setValue(waiting.variables);
    if (waiting.variables) showVariables();
    queryEditor.focus();
    setWaiting(null);
  }, [waiting, queryEditor, variableEditor]);
  return null;
}

/** GraphiQL has no call for this: its own button both chooses and unfolds the variables editor. */
function showVariables() {
  document.querySelector('.graphiql-editor-tools [data-name="variables"]')?.click();
}
