<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Metadata of <xsl:value-of select="source/@mount"/> - icecast-lb</title>
<!-- By these words programs know the page. -->
<meta name="description" content="Icecast2 Admin"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="listmounts.xsl">Mounts</a></li></ul></nav>
</header>
<main>
<h2>Update Metadata</h2>
<xsl:for-each select="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<section class="roundbox">
<h3 class="mount">Mountpoint <xsl:value-of select="@mount"/></h3>
<ul class="nav">
<li><a href="listclients.xsl?mount={$path}">List Clients</a></li>
<li><a href="moveclients.xsl?mount={$path}">Move Listeners</a></li>
<li class="active"><a href="updatemetadata.xsl?mount={$path}" aria-current="page">Update Metadata</a></li>
<xsl:if test="authenticator"><li><a href="manageauth.xsl?mount={$path}">Manage Authentication</a></li></xsl:if>
<li><details class="confirm danger"><summary>Kill Source</summary>
<form class="sure" method="post" action="killsource.xsl"><p><input type="hidden" name="mount" value="{@mount}"/>Disconnect this source? <button type="submit">Kill Source</button></p></form>
</details></li>
</ul>
<form class="alignedform" method="post" action="metadata.xsl" accept-charset="UTF-8">
<p><label>Metadata<input type="text" name="song" dir="auto" placeholder="Artist - Title"/></label></p>
<p><input type="hidden" name="mount" value="{@mount}"/><input type="hidden" name="mode" value="updinfo"/><input type="hidden" name="charset" value="UTF-8"/><button type="submit">Update</button></p>
</form>
</section>
</xsl:for-each>
</main>
</body>
</html>
</xsl:template>

<!-- A mount name as it stands in a URL. -->
<xsl:template name="encoded">
<xsl:param name="text" select="@mount"/>
<xsl:choose>
<xsl:when test="function-available('str:encode-uri') and function-available('str:replace')"><xsl:value-of select="str:replace(str:encode-uri($text, true()), '%2F', '/')"/></xsl:when>
<xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
</xsl:choose>
</xsl:template>
</xsl:stylesheet>
